/* minimum_s16.c - the smaller of two stored values; scales are equal, so that they compare. */
#include "ek_kernels_s16.h"

void ek_minimum_s16__ref(const ek_choice_s8_t *p, const int16_t *a, const int16_t *b,
                         int16_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const int16_t *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const int16_t *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    const int16_t x = row_a[l * sa[3]], y = row_b[l * sb[3]];
                    *output++ = x < y ? x : y;
                }
            }
        }
    }
}
