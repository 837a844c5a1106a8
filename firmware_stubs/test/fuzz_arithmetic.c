/* fuzz_arithmetic.c - the two roundings of requantization, by division in 64 bits. */
#include "fuzz.h"

static const int64_t TWO_31 = INT64_C(1) << 31;

static int64_t floor_divide(int64_t x, int64_t divisor)
{
    return x / divisor - (x % divisor < 0);
}

static int64_t wrap(int64_t x)
{
    return x - floor_divide(x + TWO_31, 2 * TWO_31) * 2 * TWO_31;
}

int64_t naive_divide_half_away(int64_t x, int64_t divisor)
{
    return (x < 0 ? x - divisor / 2 : x + divisor / 2) / divisor;
}

int64_t naive_requant(int64_t x, ek_requant_t q)
{
    const int64_t up = INT64_C(1) << (q.shift > 0 ? q.shift : 0);
    const int64_t down = INT64_C(1) << (q.shift < 0 ? -q.shift : 0);
    const int64_t product = wrap(wrap(x) * up) * q.multiplier;
    return naive_divide_half_away(floor_divide(product + TWO_31 / 2, TWO_31), down);
}

int8_t naive_clamp(int64_t x, int32_t low, int32_t high)
{
    return (int8_t)(x < low ? low : x > high ? high : x);
}

int8_t naive_finish(int64_t x, ek_requant_t q, int32_t zero, int32_t low, int32_t high)
{
    return naive_clamp(wrap(naive_requant(x, q) + zero), low, high);
}
