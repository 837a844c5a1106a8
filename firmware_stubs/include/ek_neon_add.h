/* ek_neon_add.h - sums and differences of operands brought to one scale, twice the larger. */
#ifndef EK_NEON_ADD_H
#define EK_NEON_ADD_H

#include <assert.h>

#include "ek_neon_binary.h"

typedef struct {
    int8x8_t a_zero, b_zero;
    int32x4_t left_shift;
    ek_neon_factor_t a, b, output;
    ek_neon_range_t range;
} ek_neon_add_t;

static inline ek_neon_add_t ek_neon_add(const ek_binary_s8_t *p)
{
    assert(p->left_shift >= 0 && p->left_shift < 32);
    return (ek_neon_add_t){
        .a_zero = vdup_n_s8((int8_t)p->a_zero),
        .b_zero = vdup_n_s8((int8_t)p->b_zero),
        .left_shift = vdupq_n_s32(p->left_shift),
        .a = ek_neon_factor(p->a_q),
        .b = ek_neon_factor(p->b_q),
        .output = ek_neon_factor(p->output_q),
        .range = {p->output_zero, p->act_min, p->act_max},
    };
}

static inline int16x4_t ek_neon_add_four(const ek_neon_add_t *t, int16x4_t a, int16x4_t b,
                                         int subtracts)
{
    const int32x4_t x = ek_neon_requant(vshlq_s32(vmovl_s16(a), t->left_shift), t->a);
    const int32x4_t y = ek_neon_requant(vshlq_s32(vmovl_s16(b), t->left_shift), t->b);
    return ek_neon_finish(subtracts ? vsubq_s32(x, y) : vaddq_s32(x, y), t->output, t->range);
}

static inline int8x8_t ek_neon_add_eight(const ek_neon_add_t *t, int8x8_t a, int8x8_t b,
                                         int subtracts)
{
    const int16x8_t x = vsubl_s8(a, t->a_zero), y = vsubl_s8(b, t->b_zero);
    return ek_neon_clamp(
        ek_neon_add_four(t, vget_low_s16(x), vget_low_s16(y), subtracts),
        ek_neon_add_four(t, vget_high_s16(x), vget_high_s16(y), subtracts), t->range);
}

#endif
