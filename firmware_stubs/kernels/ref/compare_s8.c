/* compare_s8.c - both operands brought to 256ths of 1, then as compare_s32. */
#include "ek_kernels.h"
#include "ek_requant.h"

static int32_t outcome(const ek_compare_s8_t *p, int32_t a, int32_t b)
{
    const int32_t x = ek_requant((a - p->a_zero) * 256, p->a_q);
    const int32_t y = ek_requant((b - p->b_zero) * 256, p->b_q);
    if (x < y) return EK_LESS;
    return x > y ? EK_GREATER : EK_EQUAL;
}

void ek_compare_s8__ref(const ek_compare_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const int8_t *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const int8_t *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    *output++ = (p->relation & outcome(p, row_a[l * sa[3]], row_b[l * sb[3]])) != 0;
                }
            }
        }
    }
}
