/* batch_matmul_f32.c - rows of one matrix by columns of another, for each pair of matrices. */
#include "ek_kernels_f32.h"

static float dot(const ek_batch_matmul_f32_t *p, const float *a, const float *b)
{
    float sum = 0.0f;
    for (int32_t k = 0; k < p->inner; k++) sum += a[k * p->a_stride[3]] * b[k * p->b_stride[2]];
    return sum;
}

void ek_batch_matmul_f32__ref(const ek_batch_matmul_f32_t *p, const float *a, const float *b,
                              float *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t row = 0; row < n[2]; row++) {
                const float *x = a + i * sa[0] + j * sa[1] + row * sa[2];
                const float *y = b + i * sb[0] + j * sb[1];
                for (int32_t column = 0; column < n[3]; column++) {
                    *output++ = dot(p, x, y + column * sb[3]);
                }
            }
        }
    }
}
