/* ek_tables_s16.h - functions of an int16 from a table, linear between its points. */
#ifndef EK_TABLES_S16_H
#define EK_TABLES_S16_H

#include "ek_kernels_s16.h"

/* The table of 513 at x: the upper 9 bits choose a point, the lower 7 go towards the next. */
static inline int32_t ek_look_up_513(int32_t x, const int16_t table[513])
{
    const int32_t index = 256 + (x >> 7);
    const int32_t slope = table[index + 1] - table[index];
    return table[index] + ((slope * (x & 127) + 64) >> 7);
}

/* The input of LOGISTIC and TANH in steps of 1/12288. */
static inline int64_t ek_sigmoid_steps(const ek_sigmoid_s16_t *p, int16_t x)
{
    const int64_t half = (INT64_C(1) << p->shift) >> 1;
    return ((int64_t)x * p->multiplier + half) >> p->shift;
}

/* sigmoid of a magnitude with `bits` bits below the table's index, in Q0.16 with as many more;
 * `top` where the table ends. */
static inline int32_t ek_sigmoid_between(const uint16_t table[256], int64_t magnitude, int32_t bits,
                                         int32_t top)
{
    const int64_t index = magnitude >> bits;
    if (index >= 255) return top;
    const int32_t low = table[index], high = table[index + 1];
    const int32_t part = (int32_t)(magnitude & ((1 << bits) - 1));
    return low * (1 << bits) + part * (high - low);
}

/* 1 / (1 + exp(-x)) in Q0.15: the table serves magnitudes; a negative input gets one less its
 * share. */
static inline int16_t ek_logistic_q15(const ek_sigmoid_s16_t *p, const uint16_t table[256],
                                      int16_t x)
{
    enum { BITS = 9, HALF = 1 << BITS };
    const int32_t one = INT32_C(1) << (16 + BITS), last = INT32_C(0x7FFF) << (BITS + 1);
    const int64_t steps = ek_sigmoid_steps(p, x);
    const int32_t share = ek_sigmoid_between(table, steps < 0 ? -steps : steps, BITS, last);
    return (int16_t)((steps < 0 ? one - share + HALF - 1 : share + HALF) >> (BITS + 1));
}

/* tanh(x) in Q0.15: twice the sigmoid of twice the input, less one. */
static inline int16_t ek_tanh_q15(const ek_sigmoid_s16_t *p, const uint16_t table[256], int16_t x)
{
    enum { BITS = 8, HALF = 1 << (BITS - 1) };
    const int32_t one = INT32_C(1) << (15 + BITS), last = INT32_C(0xFFFF) << BITS;
    const int64_t steps = ek_sigmoid_steps(p, x);
    const int32_t share = ek_sigmoid_between(table, steps < 0 ? -steps : steps, BITS, last);
    return (int16_t)((steps < 0 ? one - share + HALF - 1 : share - one + HALF) >> BITS);
}

#endif
