/* ek_requant_s16.h - from accumulators of int16 kernels back to int16. */
#ifndef EK_REQUANT_S16_H
#define EK_REQUANT_S16_H

#include "ek_requant.h"

/* x * q.multiplier / 2^31 * 2^q.shift for sums of 64 bits, |x| < 2^47: the multiplier is cut to 15
 * bits first, so that the product fits, and rounding happens once, ties upwards. Not what
 * ek_requant gives for the same x. Needs q.shift <= 7. */
static inline int32_t ek_requant_wide(int64_t x, ek_requant_t q)
{
    const int32_t multiplier =
        q.multiplier < 0x7FFF0000 ? (q.multiplier + (INT32_C(1) << 15)) >> 16 : 0x7FFF;
    const int32_t right = 15 - q.shift;
    return (int32_t)((x * multiplier + (INT64_C(1) << (right - 1))) >> right);
}

/* The end of every kernel with sums of 64 bits. */
static inline int16_t ek_requant_wide_s16(int64_t x, ek_requant_t q, int32_t low, int32_t high)
{
    return (int16_t)ek_clamp(ek_requant_wide(x, q), low, high);
}

/* The end of every kernel with sums of 32 bits: the double rounding of int8. */
static inline int16_t ek_requant_s16(int32_t x, ek_requant_t q, int32_t low, int32_t high)
{
    return (int16_t)ek_clamp(ek_requant(x, q), low, high);
}

#endif
