/* add_s8.c - four elements at a time in int32; operands of one shape, without broadcasting.
 *
 * A factor of exactly 1/2, which the operand of the larger scale has, is the multiplier 2^30 and no
 * shift. Shifting the operand once more to the left and the product to the right is the same, and
 * ek_mve.h's rounding then holds for it, too.
 */
#include "ek_mve.h"
#include "ek_requant.h"

typedef struct {
    int32_t zero, left, multiplier, right;
} operand_t;

static operand_t operand(int32_t zero, int32_t left, ek_requant_t q)
{
    return (operand_t){zero, left + (q.shift == 0), q.multiplier, ek_min(q.shift, -1)};
}

static inline int32x4_t requant(int32x4_t x, int32_t multiplier, int32_t right)
{
    return vrshlq_n_s32(vqrdmlahq_n_s32(vshrq_n_s32(x, 31), x, multiplier), right);
}

static inline int32x4_t scaled(const int8_t *x, operand_t o, mve_pred16_t lanes)
{
    const int32x4_t value = vsubq_n_s32(vldrbq_z_s32(x, lanes), o.zero);
    return requant(vshlq_r_s32(value, o.left), o.multiplier, o.right);
}

void ek_add_s8__mve(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent, count = n[0] * n[1] * n[2] * n[3];
    const operand_t first = operand(p->a_zero, p->left_shift, p->a_q);
    const operand_t second = operand(p->b_zero, p->left_shift, p->b_q);
    const ek_mve_range_t range = {p->output_zero, p->act_min, p->act_max};
    for (int32_t i = 0; i < count; i += 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)(count - i));
        const int32x4_t sum = vaddq_s32(scaled(a + i, first, lanes), scaled(b + i, second, lanes));
        ek_mve_store(output + i, requant(sum, p->output_q.multiplier, p->output_q.shift), range,
                     lanes);
    }
}
