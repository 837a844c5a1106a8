/* ek_requant.h - from int32 accumulators back to int8, in TFLite's double rounding.
 *
 * Rounding happens twice, and both places matter for equality with tflite-micro: once in the
 * doubling high multiply (ties go up) and once in the right shift (ties go away from zero).
 * Overflow wraps instead of being undefined, because that is what the reference does in practice.
 */
#ifndef EK_REQUANT_H
#define EK_REQUANT_H

#include "ek_kernels.h"

static inline int32_t ek_min(int32_t a, int32_t b) { return a < b ? a : b; }

static inline int32_t ek_max(int32_t a, int32_t b) { return a > b ? a : b; }

static inline int32_t ek_clamp(int32_t x, int32_t low, int32_t high)
{
    return ek_max(low, ek_min(x, high));
}

static inline int32_t ek_wrapping_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t ek_wrapping_shift_left(int32_t x, int32_t left)
{
    return (int32_t)((uint32_t)x << left);
}

/* round(a * b / 2^31), ties upwards; -1 * -1 in Q31 has no representation and saturates. */
static inline int32_t ek_doubling_high_mul(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* round(x / 2^right), ties away from zero, for 0 <= right <= 31. */
static inline int32_t ek_rounding_shift_right(int32_t x, int32_t right)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << right) - 1u);
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> right) + ((x & mask) > threshold);
}

/* x * q.multiplier / 2^31 * 2^q.shift */
static inline int32_t ek_requant(int32_t x, ek_requant_t q)
{
    const int32_t left = ek_max(q.shift, 0);
    const int32_t right = ek_max(-q.shift, 0);
    const int32_t high = ek_doubling_high_mul(ek_wrapping_shift_left(x, left), q.multiplier);
    return ek_rounding_shift_right(high, right);
}

/* The end of every kernel that accumulates: requantize, move to the output's zero, clamp. */
static inline int8_t ek_requant_s8(int32_t x, ek_requant_t q, int32_t zero, int32_t low,
                                   int32_t high)
{
    return (int8_t)ek_clamp(ek_wrapping_add(ek_requant(x, q), zero), low, high);
}

#endif
