/* floor_div_f32.c - the quotient, and the integer below it. */
#include "ek_kernels_f32.h"

static float floor_of(float x)
{
    if (!(x > -8388608.0f && x < 8388608.0f)) return x; /* no digits behind the point, or NaN */
    const float cut = (float)(int32_t)x;
    return cut > x ? cut - 1.0f : cut;
}

void ek_floor_div_f32__ref(const ek_binary_f32_t *p, const float *a, const float *b,
                           float *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const float *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const float *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    const float x = row_a[l * sa[3]], y = row_b[l * sb[3]];
                    *output++ = floor_of(x / y);
                }
            }
        }
    }
}
