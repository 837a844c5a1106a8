/* neon_requant.c - ek_neon_requant against ek_requant: every shift, extreme and random values. */
#include <stdio.h>

#include "ek_neon.h"

enum { EDGES = 14, RANDOM = 2000 };

static uint32_t state = 1;

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Ends, and both sides of ties: multiples of half a step of any shift. */
static int32_t random_value(int i)
{
    static const int32_t edges[EDGES] = {
        INT32_MIN, INT32_MIN + 1, INT32_MAX, INT32_MAX - 1, 0, 1, -1, 2, -2, 3, -3, 1 << 30,
        -(1 << 30), -(1 << 30) - 1,
    };
    if (i < EDGES) return edges[i];
    const int32_t wide = (int32_t)(next() & ~(UINT32_MAX >> (next() % 32)));
    return ek_wrapping_add(wide >> next() % 31, (int32_t)(next() % 3) - 1);
}

static int32_t random_multiplier(int i)
{
    if (i % 4 == 0) return 1 << 30;
    if (i % 4 == 1) return INT32_MAX;
    return i % 37 == 0 ? 0 : (int32_t)(next() >> 2 | 1u << 30);
}

int main(void)
{
    long failures = 0, count = 0;
    for (int32_t shift = -31; shift <= 31; shift++) {
        for (int i = 0; i < RANDOM; i++, count++) {
            const ek_requant_t q = {random_multiplier(i), shift};
            const int32_t x = random_value(i);
            int32_t found[4];
            const int32x4_t y = ek_neon_requant(vdupq_n_s32(x), ek_neon_factor(q));
            memcpy(found, &y, sizeof found);
            if (found[0] == ek_requant(x, q) && found[3] == found[0]) continue;
            if (failures++ == 0) {
                printf("FAILED: %ld, multiplier %ld, shift %ld: %ld\n", (long)x,
                       (long)q.multiplier, (long)shift, (long)found[0]);
            }
        }
    }
    printf("%ld values, %ld failures\n", count, failures);
    return failures != 0;
}
