/* fuzz_random.c - xorshift32 (Marsaglia, 2003), and values that lean towards the extremes. */
#include "fuzz.h"

static uint32_t state = 1;

void fuzz_seed(uint32_t seed) { state = seed * 2654435761u + 1u; }

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

int32_t fuzz_int(int32_t low, int32_t high)
{
    const uint32_t span = (uint32_t)high - (uint32_t)low + 1u;
    const uint32_t offset = span == 0 ? next() : next() % span;
    return (int32_t)((uint32_t)low + offset);
}

int32_t fuzz_zero(void)
{
    static const int32_t extremes[] = {-128, 0, 127};
    const int32_t pick = fuzz_int(0, 5);
    return pick < 3 ? extremes[pick] : fuzz_int(-128, 127);
}

void fuzz_range(int32_t *low, int32_t *high)
{
    const int32_t a = fuzz_int(-128, 127), b = fuzz_int(-128, 127);
    const int whole = fuzz_int(0, 2) != 0;
    *low = whole ? -128 : a < b ? a : b;
    *high = whole ? 127 : a < b ? b : a;
}

ek_requant_t fuzz_requant(int32_t magnitude)
{
    int32_t shift = 8; /* int8 out of a magnitude of 1 */
    for (; magnitude > 1; magnitude /= 2) shift--;
    if (fuzz_int(0, 7) == 0) shift = fuzz_int(-31, 30);
    const int32_t extremes[] = {0, 1 << 30, INT32_MAX};
    const int32_t pick = fuzz_int(0, 15), usual = fuzz_int(1 << 30, INT32_MAX);
    return (ek_requant_t){pick < 3 ? extremes[pick] : usual, shift};
}

void fuzz_fill(int8_t *data, int32_t count)
{
    const int only_extremes = fuzz_int(0, 7) == 0;
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = fuzz_int(-128, 127);
        data[i] = (int8_t)(only_extremes ? (value < 0 ? -128 : 127) : value);
    }
}
