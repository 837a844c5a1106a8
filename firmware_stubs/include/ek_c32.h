/* ek_c32.h - what the `c32` kernels share: portable C for processors that multiply 32 bits at a time
 * and have no packed arithmetic (Cortex-M0, M0+, M3).
 *
 * A row of `finish` is how one channel's sum becomes int8, in TFLite's two roundings:
 *
 *     2 * bias, multiplier, addend, right shift
 *
 * `addend` is half a step of the right shift plus the output's zero point, shifted left by as much: one
 * product and two additions round, scale and move to the zero point. A negative sum takes off one,
 * which makes the second rounding go away from zero. Holds for 1 <= right <= 22 and |sums| < 2^30.
 */
#ifndef EK_C32_H
#define EK_C32_H

#include <stdint.h>

enum { EK_FINISH = 4 /* words of a row of `finish` */ };

typedef struct {
    int32_t doubled_bias, multiplier, addend, right;
} ek_c32_finish_t;

static inline ek_c32_finish_t ek_c32_finish(const int32_t *row)
{
    return (ek_c32_finish_t){row[0], row[1], row[2], row[3]};
}

/* The output of a sum without its bias. */
static inline int8_t ek_c32_output(int32_t sum, ek_c32_finish_t f)
{
    const int32_t doubled = f.doubled_bias + 2 * sum;
    const int64_t product = (int64_t)doubled * f.multiplier + INT64_C(0x80000000);
    const int32_t scaled = (int32_t)(product >> 32) + f.addend + (doubled >> 31);
    const int32_t y = scaled >> f.right;
    return (int8_t)(y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y);
}

/* Clamps `count` bytes to low..high, where that is narrower than int8. */
static inline void ek_c32_clamp(int8_t *y, int32_t count, int32_t low, int32_t high)
{
    if (low == INT8_MIN && high == INT8_MAX) return;
    for (; count > 0; count--, y++) *y = (int8_t)(*y < low ? low : *y > high ? high : *y);
}

#endif
