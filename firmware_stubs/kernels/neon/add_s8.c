/* add_s8.c - both operands are brought to one scale, twice the larger, before they are added. */
#include <assert.h>

#include "ek_neon_binary.h"

typedef struct {
    int8x8_t a_zero, b_zero;
    int32x4_t left_shift;
    ek_neon_factor_t a, b, output;
    ek_neon_range_t range;
} add_t;

static inline int16x4_t add_four(const add_t *t, int16x4_t a, int16x4_t b)
{
    const int32x4_t scaled_a = ek_neon_requant(vshlq_s32(vmovl_s16(a), t->left_shift), t->a);
    const int32x4_t scaled_b = ek_neon_requant(vshlq_s32(vmovl_s16(b), t->left_shift), t->b);
    return ek_neon_finish(vaddq_s32(scaled_a, scaled_b), t->output, t->range);
}

static inline int8x8_t add_eight(const void *context, int8x8_t a, int8x8_t b)
{
    const add_t *t = context;
    const int16x8_t x = vsubl_s8(a, t->a_zero), y = vsubl_s8(b, t->b_zero);
    return ek_neon_clamp(add_four(t, vget_low_s16(x), vget_low_s16(y)),
                         add_four(t, vget_high_s16(x), vget_high_s16(y)), t->range);
}

void ek_add_s8__neon(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    assert(p->left_shift >= 0 && p->left_shift < 32);
    const add_t t = {
        .a_zero = vdup_n_s8((int8_t)p->a_zero),
        .b_zero = vdup_n_s8((int8_t)p->b_zero),
        .left_shift = vdupq_n_s32(p->left_shift),
        .a = ek_neon_factor(p->a_q),
        .b = ek_neon_factor(p->b_q),
        .output = ek_neon_factor(p->output_q),
        .range = {p->output_zero, p->act_min, p->act_max},
    };
    ek_neon_binary(add_eight, &t, p, a, b, output);
}
