/* select_s8.c - one of two, as the condition says. */
#include "ek_kernels.h"

void ek_select_s8__ref(const ek_select_t *p, const int8_t *condition, const int8_t *a,
                       const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent, *sc = p->condition_stride, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const int8_t *row_c = condition + i * sc[0] + j * sc[1] + k * sc[2];
                const int8_t *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const int8_t *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    *output++ = row_c[l * sc[3]] ? row_a[l * sa[3]] : row_b[l * sb[3]];
                }
            }
        }
    }
}
