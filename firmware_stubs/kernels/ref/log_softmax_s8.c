/* log_softmax_s8.c - the distance to the row's maximum, less the log of the sum of exps, in Q5. */
#include <assert.h>

#include "ek_fixedpoint.h"
#include "ek_kernels.h"

enum { SUM_INTEGER_BITS = 12, OUTPUT_BITS = 31 - 5 - 4 };

static int32_t largest(const int8_t *x, int32_t count)
{
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < count; i++) max = ek_max(max, x[i]);
    return max;
}

static int32_t scaled(const ek_log_softmax_s8_t *p, int32_t diff)
{
    return ek_doubling_high_mul(ek_wrapping_shift_left(diff, p->left_shift), p->multiplier);
}

static int32_t sum_of_exps(const ek_log_softmax_s8_t *p, const int8_t *x, int32_t max)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t diff = x[i] - max;
        if (diff < p->diff_min) continue;
        sum += ek_rounding_shift_right(ek_exp_negative(scaled(p, diff)), SUM_INTEGER_BITS);
    }
    return sum;
}

static void log_softmax_row(const ek_log_softmax_s8_t *p, const int8_t *x, int8_t *y)
{
    const int32_t max = largest(x, p->depth);
    const int32_t logarithm = ek_log_from_1(sum_of_exps(p, x, max));
    /* below which the distance less the logarithm leaves Q5 */
    const int32_t lowest = ek_requant(logarithm + INT32_MIN, p->reverse_q);
    const int32_t limit = ek_max(p->diff_min - 1, lowest);
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t diff = x[i] - max;
        y[i] = INT8_MIN;
        if (diff <= limit) continue;
        const int32_t steps = ek_rounding_shift_right(scaled(p, diff) - logarithm, OUTPUT_BITS);
        y[i] = (int8_t)ek_clamp(steps + INT8_MAX, INT8_MIN, INT8_MAX);
    }
}

void ek_log_softmax_s8__ref(const ek_log_softmax_s8_t *p, const int8_t *input, int8_t *output)
{
    assert(p->depth > 0 && p->left_shift >= 0 && p->left_shift < 32 && p->diff_min <= 0);
    for (int32_t row = 0; row < p->rows; row++) {
        log_softmax_row(p, input + row * p->depth, output + row * p->depth);
    }
}
