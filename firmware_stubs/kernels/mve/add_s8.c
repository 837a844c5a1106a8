/* add_s8.c - 16 elements at a time in int32; operands of one shape, without broadcasting.
 *
 * Even and odd elements are widened to int16, moved from their zero point and shifted there as far
 * as nine bits and a sign allow; VSHLL widens again and shifts the rest. Elements 0 4 8 12, 2 6 10
 * 14, 1 5 9 13 and 3 7 11 15 are then the four vectors that narrowing interleaves back.
 *
 * A factor of exactly 1/2, which the operand of the larger scale has, is the multiplier 2^30 and no
 * shift. Shifting the operand once more to the left and the product to the right is the same, and
 * ek_mve.h's rounding then holds for it, too.
 */
#include "ek_mve.h"
#include "ek_requant.h"

enum { LEFT = 5, LEFT_WIDENING = 15 }; /* together the 20 of ek_binary_s8_t */

typedef struct {
    int32_t zero, left, multiplier, right;
} operand_t;

typedef struct {
    int16x8_t even, odd;
} elements_t;

static operand_t operand(int32_t zero, ek_requant_t q)
{
    return (operand_t){zero, LEFT + (q.shift == 0), q.multiplier, ek_min(q.shift, -1)};
}

static inline int16x8_t shifted(int16x8_t x, operand_t o)
{
    return vshlq_r_s16(vsubq_n_s16(x, (int16_t)o.zero), o.left);
}

static inline elements_t load(const int8_t *from, operand_t o, mve_pred16_t lanes)
{
    const int8x16_t x = vldrbq_z_s8(from, lanes);
    return (elements_t){shifted(vmovlbq_s8(x), o), shifted(vmovltq_s8(x), o)};
}

static inline int32x4_t requant(int32x4_t x, int32_t multiplier, int32_t right)
{
    return vrshlq_n_s32(vqrdmlahq_n_s32(vshrq_n_s32(x, 31), x, multiplier), right);
}

static inline int32x4_t scaled(int32x4_t x, operand_t o)
{
    return requant(x, o.multiplier, o.right);
}

/* Eight sums, requantized. */
static inline int16x8_t add(int16x8_t x, operand_t a, int16x8_t y, operand_t b, ek_requant_t q)
{
    const int32x4_t low = vaddq_s32(scaled(vshllbq_n_s16(x, LEFT_WIDENING), a),
                                    scaled(vshllbq_n_s16(y, LEFT_WIDENING), b));
    const int32x4_t high = vaddq_s32(scaled(vshlltq_n_s16(x, LEFT_WIDENING), a),
                                     scaled(vshlltq_n_s16(y, LEFT_WIDENING), b));
    return ek_mve_pair(requant(low, q.multiplier, q.shift), requant(high, q.multiplier, q.shift));
}

void ek_add_s8__mve(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent;
    const operand_t first = operand(p->a_zero, p->a_q), second = operand(p->b_zero, p->b_q);
    const ek_mve_range_t range = {p->output_zero, p->act_min, p->act_max};
    const ek_requant_t q = p->output_q;
    for (int32_t left = n[0] * n[1] * n[2] * n[3]; left > 0; left -= 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)left);
        const elements_t x = load(a, first, lanes), y = load(b, second, lanes);
        const int16x8_t even = add(x.even, first, y.even, second, q);
        const int16x8_t odd = add(x.odd, first, y.odd, second, q);
        vstrbq_p_s8(output, ek_mve_narrow(even, odd, range), lanes);
        a += 16;
        b += 16;
        output += 16;
    }
}
