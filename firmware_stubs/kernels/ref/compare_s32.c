/* compare_s32.c - which relation holds, and whether it is among those asked for. */
#include "ek_kernels.h"

static int32_t outcome(int32_t x, int32_t y)
{
    if (x < y) return EK_LESS;
    return x > y ? EK_GREATER : EK_EQUAL;
}

void ek_compare_s32__ref(const ek_compare_t *p, const int32_t *a, const int32_t *b, int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const int32_t *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const int32_t *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    *output++ = (p->relation & outcome(row_a[l * sa[3]], row_b[l * sb[3]])) != 0;
                }
            }
        }
    }
}
