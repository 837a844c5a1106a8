/* logical_s8.c - a truth table of four bits. */
#include "ek_kernels.h"

void ek_logical_s8__ref(const ek_logical_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const int8_t *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const int8_t *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    *output++ = (p->truth >> (2 * (row_a[l * sa[3]] != 0) + (row_b[l * sb[3]] != 0))) & 1;
                }
            }
        }
    }
}
