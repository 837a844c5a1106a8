/* squared_difference_s8.c - a difference in the common scale, squared and rescaled. */
#include <assert.h>

#include "ek_kernels.h"
#include "ek_requant.h"

static int8_t square(const ek_binary_s8_t *p, int32_t a, int32_t b)
{
    const int32_t scaled_a = ek_requant(ek_wrapping_shift_left(a - p->a_zero, p->left_shift), p->a_q);
    const int32_t scaled_b = ek_requant(ek_wrapping_shift_left(b - p->b_zero, p->left_shift), p->b_q);
    const int32_t difference = scaled_a - scaled_b; /* at most 255 << 7 */
    return ek_requant_s8(difference * difference, p->output_q, p->output_zero, p->act_min, p->act_max);
}

void ek_squared_difference_s8__ref(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                                   int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    assert(p->left_shift >= 0 && p->left_shift < 32);
    assert(p->act_min >= INT8_MIN && p->act_min <= p->act_max && p->act_max <= INT8_MAX);
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const int8_t *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const int8_t *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    *output++ = square(p, row_a[l * sa[3]], row_b[l * sb[3]]);
                }
            }
        }
    }
}
