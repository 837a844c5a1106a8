/* ek_dsp_s16.h - what the `dsp` kernels with int16 activations and int8 weights share.
 *
 * Sums without bias fit 32 bits, because |weights| of a channel add to at most 65535. A row of
 * `finish` has what makes them int16: the factor's 15 bits shifted left by 16, so that the result is
 * in the upper word of the product; then bias times factor and the rounding, 64 bits; then by how
 * much to shift the upper word.
 *
 *     multiplier, addend (low word, high word), right
 *
 * Weights of two channels a and b share a word, so that two instructions widen them:
 *
 *     byte 0   1   2     3          a[0] is the weight of the first of two inputs
 *     a[0]   b[0]  a[1]  b[1]
 */
#ifndef EK_DSP_S16_H
#define EK_DSP_S16_H

#include "ek_dsp.h"

static inline int16_t ek_finish_s16(int32_t sum, const int32_t *finish, int32_t low, int32_t high)
{
    const uint64_t addend = (uint64_t)(uint32_t)finish[2] << 32 | (uint32_t)finish[1];
    const int64_t product = (int64_t)sum * finish[0] + (int64_t)addend;
    const int32_t y = (int32_t)(product >> 32) >> finish[3];
    return (int16_t)(y < low ? low : y > high ? high : y);
}

/* Two neighbouring values; the second is 0 where there is none. */
static inline int32_t ek_load_pair(const int16_t *x, int32_t count)
{
    return count > 1 ? ek_load_lanes(x) : count > 0 ? (int32_t)(uint16_t)*x : 0;
}

#endif
