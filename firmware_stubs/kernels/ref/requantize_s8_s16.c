/* requantize_s8_s16.c - from one scale to another, clamped. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant.h"

void ek_requantize_s8_s16__ref(const ek_requantize_t *p, const int8_t *input, int16_t *output)
{
    assert(p->count >= 0);
    assert(p->act_min >= INT16_MIN && p->act_min <= p->act_max && p->act_max <= INT16_MAX);
    for (int32_t i = 0; i < p->count; i++) {
        const int32_t moved = ek_requant(input[i] - p->input_zero, p->q);
        const int32_t code = ek_wrapping_add(moved, p->output_zero);
        output[i] = (int16_t)ek_clamp(code, p->act_min, p->act_max);
    }
}
