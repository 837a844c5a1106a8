/* div_s8.c - the dividend times the divisor's reciprocal, each with as many bits as fit. */
#include <assert.h>

#include "ek_fixedpoint.h"
#include "ek_kernels.h"

/* a / b * q for b > 0. Both are brought to the top of 32 bits; the shifts that takes are undone at
 * the end, where more than 31 leave nothing. */
static int32_t quotient(int32_t a, int32_t b, ek_requant_t q)
{
    const int32_t zeros = ek_leading_zeros((uint32_t)b);
    const uint32_t above_one = ((uint32_t)b << zeros) - (UINT32_C(1) << 31);
    const int32_t inverse = ek_one_over_one_plus((int32_t)above_one);
    const uint32_t size = a < 0 ? (uint32_t)(-a) * 2u - 1u : (uint32_t)a * 2u + 1u;
    const int32_t room = ek_leading_zeros(size);
    const int32_t whole = ek_doubling_high_mul(ek_wrapping_shift_left(a, room), inverse);
    const int32_t right = 31 - zeros + room - q.shift;
    if (right > 31) return 0;
    return ek_rounding_shift_right(ek_doubling_high_mul(whole, q.multiplier), ek_max(right, 0));
}

static int8_t divide(const ek_binary_s8_t *p, int32_t a, int32_t b)
{
    const int32_t top = a - p->a_zero, bottom = b - p->b_zero;
    int32_t y = top > 0 ? INT16_MAX : top < 0 ? INT16_MIN : 0; /* beyond any int8 */
    if (bottom > 0) y = quotient(top, bottom, p->output_q);
    if (bottom < 0) y = quotient(-top, -bottom, p->output_q);
    return (int8_t)ek_clamp(ek_wrapping_add(y, p->output_zero), p->act_min, p->act_max);
}

void ek_div_s8__ref(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    assert(p->act_min >= INT8_MIN && p->act_min <= p->act_max && p->act_max <= INT8_MAX);
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const int8_t *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const int8_t *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    *output++ = divide(p, row_a[l * sa[3]], row_b[l * sb[3]]);
                }
            }
        }
    }
}
