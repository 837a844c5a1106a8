/* tanh_s16.c - twice the sigmoid of twice the input, less one. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_tables_s16.h"

static int16_t hyperbolic_tangent(const ek_sigmoid_s16_t *p, const uint16_t table[256], int16_t x)
{
    enum { BITS = 8, HALF = 1 << (BITS - 1), ONE = 1 << (15 + BITS) };
    const int64_t steps = ek_sigmoid_steps(p, x);
    const int32_t share =
        ek_sigmoid_between(table, steps < 0 ? -steps : steps, BITS, UINT16_MAX * (1 << BITS));
    return (int16_t)((steps < 0 ? ONE - share + HALF - 1 : share - ONE + HALF) >> BITS);
}

void ek_tanh_s16__ref(const ek_sigmoid_s16_t *p, const uint16_t table[256], const int16_t *input,
                      int16_t *output)
{
    assert(p->multiplier >= 0 && p->shift >= 0 && p->shift < 32);
    for (int32_t i = 0; i < p->count; i++) output[i] = hyperbolic_tangent(p, table, input[i]);
}
