/* softmax_s16.c - exp of the distance to the row's maximum from a table, kept in the output until
 * the reciprocal of their sum, also from a table, is known. */
#include <assert.h>

#include "ek_requant_s16.h"
#include "ek_tables_s16.h"

static int32_t largest(const int16_t *x, int32_t count)
{
    int32_t max = INT16_MIN;
    for (int32_t i = 0; i < count; i++) max = ek_max(max, x[i]);
    return max;
}

static int32_t leading_zeros(uint32_t x)
{
    int32_t zeros = 0;
    for (; x < UINT32_C(1) << 31; x <<= 1) zeros++;
    return zeros;
}

/* Writes exp(x - max) in Q0.15 and returns the sum. */
static int32_t write_powers(const ek_softmax_s16_t *p, const int16_t powers[513], const int16_t *x,
                            int16_t *y)
{
    const int32_t max = largest(x, p->depth);
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t steps = ek_wrapping_add(ek_requant(x[i] - max, p->q), INT16_MAX);
        y[i] = (int16_t)ek_look_up_513(ek_clamp(steps, INT16_MIN, INT16_MAX), powers);
        sum += y[i];
    }
    return sum;
}

static void softmax_row(const ek_softmax_s16_t *p, const int16_t powers[513],
                        const int16_t reciprocals[513], const int16_t *x, int16_t *y)
{
    const int32_t sum = write_powers(p, powers, x, y);
    /* sum = (1 + a) * 2^(16 - zeros) with a in [0, 1), here in 65536ths and around 0 */
    const int32_t zeros = leading_zeros((uint32_t)sum);
    const int64_t shifted = (int64_t)sum * (INT64_C(1) << (zeros - 1));
    const int32_t one_and_a = (int32_t)((shifted + (1 << 13)) >> 14);
    const int32_t a = ek_clamp(one_and_a - 3 * (INT32_C(1) << 15), INT16_MIN, INT16_MAX);
    const int32_t reciprocal = ek_look_up_513(a, reciprocals);
    const int32_t right = 31 - zeros;
    for (int32_t i = 0; i < p->depth; i++) {
        const int64_t share = ((int64_t)y[i] * reciprocal + (INT64_C(1) << (right - 1))) >> right;
        y[i] = (int16_t)ek_clamp((int32_t)share, 0, INT16_MAX);
    }
}

void ek_softmax_s16__ref(const ek_softmax_s16_t *p, const int16_t powers[513],
                         const int16_t reciprocals[513], const int16_t *input, int16_t *output)
{
    assert(p->depth > 0 && p->depth < INT32_C(1) << 16); /* the sum fits in an int32 */
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(p, powers, reciprocals, input + row * p->depth, output + row * p->depth);
    }
}
