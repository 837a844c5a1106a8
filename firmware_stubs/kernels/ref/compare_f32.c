/* compare_f32.c - which relation holds, and whether it is among those asked for. */
#include "ek_kernels_f32.h"

static int32_t outcome(float x, float y)
{
    if (x < y) return EK_LESS;
    if (x > y) return EK_GREATER;
    return x == y ? EK_EQUAL : EK_UNORDERED;
}

void ek_compare_f32__ref(const ek_compare_t *p, const float *a, const float *b, int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const float *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const float *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    *output++ = (p->relation & outcome(row_a[l * sa[3]], row_b[l * sb[3]])) != 0;
                }
            }
        }
    }
}
