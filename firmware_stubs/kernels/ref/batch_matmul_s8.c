/* batch_matmul_s8.c - rows of one matrix by columns of another, for each pair of matrices. */
#include "ek_kernels.h"
#include "ek_requant.h"

static int32_t dot(const ek_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < p->inner; k++) {
        sum += (a[k * p->a_stride[3]] - p->a_zero) * (b[k * p->b_stride[2]] - p->b_zero);
    }
    return sum;
}

void ek_batch_matmul_s8__ref(const ek_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b,
                             int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t row = 0; row < n[2]; row++) {
                const int8_t *x = a + i * sa[0] + j * sa[1] + row * sa[2];
                for (int32_t column = 0; column < n[3]; column++) {
                    const int8_t *y = b + i * sb[0] + j * sb[1] + column * sb[3];
                    *output++ =
                        ek_requant_s8(dot(p, x, y), p->q, p->output_zero, INT8_MIN, INT8_MAX);
                }
            }
        }
    }
}
