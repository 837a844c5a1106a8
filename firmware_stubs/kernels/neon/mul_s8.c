/* mul_s8.c - the product of the two differences from zero, requantized once. */
#include "ek_neon_binary.h"

typedef struct {
    int8x8_t a_zero, b_zero;
    ek_neon_factor_t output;
    ek_neon_range_t range;
} mul_t;

static inline int8x8_t mul_eight(const void *context, int8x8_t a, int8x8_t b)
{
    const mul_t *t = context;
    const int16x8_t x = vsubl_s8(a, t->a_zero), y = vsubl_s8(b, t->b_zero);
    const int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(y));
    const int32x4_t high = vmull_s16(vget_high_s16(x), vget_high_s16(y));
    return ek_neon_clamp(ek_neon_finish(low, t->output, t->range),
                         ek_neon_finish(high, t->output, t->range), t->range);
}

void ek_mul_s8__neon(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const mul_t t = {
        .a_zero = vdup_n_s8((int8_t)p->a_zero),
        .b_zero = vdup_n_s8((int8_t)p->b_zero),
        .output = ek_neon_factor(p->output_q),
        .range = {p->output_zero, p->act_min, p->act_max},
    };
    ek_neon_binary(mul_eight, &t, p, a, b, output);
}
