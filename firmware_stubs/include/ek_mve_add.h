/* ek_mve_add.h - sums or differences of 16 elements at a time in int32; operands of one shape.
 *
 * Even and odd elements are widened to int16, moved from their zero point and shifted there as far
 * as nine bits and a sign allow; VSHLL widens again and shifts the rest. Elements 0 4 8 12, 2 6 10
 * 14, 1 5 9 13 and 3 7 11 15 are then the four vectors that narrowing interleaves back.
 *
 * A factor of exactly 1/2, which the operand of the larger scale has, is the multiplier 2^30 and no
 * shift. Shifting the operand once more to the left and the product to the right is the same, and
 * ek_mve.h's rounding then holds for it, too.
 */
#ifndef EK_MVE_ADD_H
#define EK_MVE_ADD_H

#include "ek_mve_runs.h"
#include "ek_requant.h"

enum { EK_MVE_LEFT = 5, EK_MVE_WIDENING = 15 }; /* together the 20 of ek_binary_s8_t */

/* `q` has a shift of -1 or less; `left` makes up for that. */
typedef struct {
    int32_t zero, left;
    ek_requant_t q;
} ek_mve_addend_t;

typedef struct {
    int16x8_t even, odd;
} ek_mve_elements_t;

static inline ek_mve_addend_t ek_mve_addend(int32_t zero, ek_requant_t q)
{
    return (ek_mve_addend_t){
        zero, EK_MVE_LEFT + (q.shift == 0), {q.multiplier, ek_min(q.shift, -1)}};
}

static inline int16x8_t ek_mve_shifted(int16x8_t x, ek_mve_addend_t o)
{
    return vshlq_r_s16(vsubq_n_s16(x, (int16_t)o.zero), o.left);
}

static inline ek_mve_elements_t ek_mve_elements(const int8_t *from, ek_mve_addend_t o,
                                                mve_pred16_t lanes)
{
    const int8x16_t x = vldrbq_z_s8(from, lanes);
    return (ek_mve_elements_t){ek_mve_shifted(vmovlbq_s8(x), o), ek_mve_shifted(vmovltq_s8(x), o)};
}

/* Eight sums or differences, requantized. */
static inline int16x8_t ek_mve_combined(int16x8_t x, ek_mve_addend_t a, int16x8_t y,
                                        ek_mve_addend_t b, ek_requant_t q, int subtracts)
{
    const int32x4_t low_a = ek_mve_scaled(vshllbq_n_s16(x, EK_MVE_WIDENING), a.q);
    const int32x4_t low_b = ek_mve_scaled(vshllbq_n_s16(y, EK_MVE_WIDENING), b.q);
    const int32x4_t high_a = ek_mve_scaled(vshlltq_n_s16(x, EK_MVE_WIDENING), a.q);
    const int32x4_t high_b = ek_mve_scaled(vshlltq_n_s16(y, EK_MVE_WIDENING), b.q);
    const int32x4_t low = subtracts ? vsubq_s32(low_a, low_b) : vaddq_s32(low_a, low_b);
    const int32x4_t high = subtracts ? vsubq_s32(high_a, high_b) : vaddq_s32(high_a, high_b);
    return ek_mve_pair(ek_mve_scaled(low, q), ek_mve_scaled(high, q));
}

static inline void ek_mve_add(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                              int8_t *output, int subtracts)
{
    const int32_t *n = p->extent;
    const ek_mve_addend_t first = ek_mve_addend(p->a_zero, p->a_q);
    const ek_mve_addend_t second = ek_mve_addend(p->b_zero, p->b_q);
    const ek_mve_range_t range = {p->output_zero, p->act_min, p->act_max};
    const ek_requant_t q = p->output_q;
    for (int32_t left = n[0] * n[1] * n[2] * n[3]; left > 0; left -= 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)left);
        const ek_mve_elements_t x = ek_mve_elements(a, first, lanes);
        const ek_mve_elements_t y = ek_mve_elements(b, second, lanes);
        const int16x8_t even = ek_mve_combined(x.even, first, y.even, second, q, subtracts);
        const int16x8_t odd = ek_mve_combined(x.odd, first, y.odd, second, q, subtracts);
        vstrbq_p_s8(output, ek_mve_narrow(even, odd, range), lanes);
        a += 16;
        b += 16;
        output += 16;
    }
}

#endif
