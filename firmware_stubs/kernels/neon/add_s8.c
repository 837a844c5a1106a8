/* add_s8.c - sums of operands brought to one scale, twice the larger. */
#include "ek_neon_add.h"

static inline int8x8_t add_eight(const void *context, int8x8_t a, int8x8_t b)
{
    return ek_neon_add_eight(context, a, b, 0);
}

void ek_add_s8__neon(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const ek_neon_add_t t = ek_neon_add(p);
    ek_neon_binary(add_eight, &t, p, a, b, output);
}
