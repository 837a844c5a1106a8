/* ek_dsp_four_sums.h - products of a row of inputs with four rows of weights, each sum on its own:
 * ek_dsp_quads.h makes them two at a time, 256 times one and the other.
 */
#ifndef EK_DSP_FOUR_SUMS_H
#define EK_DSP_FOUR_SUMS_H

#include "ek_dsp_quads.h"

/* Not inlined, so that the loop in assembly has the registers. */
static __attribute__((noinline)) const int8_t *ek_dsp_whole_fours(ek_quad_t *sum, const int8_t *x,
                                                                  const int8_t *w, int32_t fours)
{
    return ek_add_inputs(sum, x, w, fours);
}

static inline const int8_t *ek_dsp_four_sums(const int8_t *x, int32_t count, const int8_t *w,
                                             int32_t sums[4])
{
    const int32_t whole = count & ~3, rest = count - whole;
    ek_quad_t sum = {0, 0, 0, 0};
    if (whole) w = ek_dsp_whole_fours(&sum, x, w, whole >> 2);
    if (rest) w = ek_add_tail(&sum, ek_load_tail(x + whole, rest), w);
    sums[0] = ek_wrapping_sub(sum.both0, sum.low0) >> 8;
    sums[1] = sum.low0;
    sums[2] = ek_wrapping_sub(sum.both1, sum.low1) >> 8;
    sums[3] = sum.low1;
    return w;
}

#endif
