/* batch_matmul_s16.c - as batch_matmul_s8, with sums of 64 bits. */
#include "ek_kernels_s16.h"
#include "ek_requant_s16.h"

static int64_t dot(const ek_batch_matmul_s8_t *p, const int16_t *a, const int16_t *b)
{
    int64_t sum = 0;
    for (int32_t k = 0; k < p->inner; k++) {
        sum += (int32_t)a[k * p->a_stride[3]] * b[k * p->b_stride[2]];
    }
    return sum;
}

void ek_batch_matmul_s16__ref(const ek_batch_matmul_s8_t *p, const int16_t *a, const int16_t *b,
                              int16_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t row = 0; row < n[2]; row++) {
                const int16_t *x = a + i * sa[0] + j * sa[1] + row * sa[2];
                for (int32_t column = 0; column < n[3]; column++) {
                    const int16_t *y = b + i * sb[0] + j * sb[1] + column * sb[3];
                    *output++ = ek_requant_wide_s16(dot(p, x, y), p->q, INT16_MIN, INT16_MAX);
                }
            }
        }
    }
}
