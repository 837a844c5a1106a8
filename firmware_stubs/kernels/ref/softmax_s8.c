/* softmax_s8.c - exp of the distance to the row's maximum, over the sum of those, in fixed point.
 *
 * Exponentials are computed twice, once for the sum and once for the quotient, so that no scratch
 * memory is needed. Where the sum reaches 512 no output is above half a step and all are 0 in real
 * terms; the reference stops (tflite-micro) or shifts too far (tflite-runtime) there. */
#include <assert.h>

#include "ek_fixedpoint.h"
#include "ek_kernels.h"

enum { SUM_INTEGER_BITS = 12 };

static int32_t largest(const int8_t *x, int32_t count)
{
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < count; i++) max = ek_max(max, x[i]);
    return max;
}

static int32_t leading_zeros(uint32_t x)
{
    int32_t zeros = 0;
    for (; x < UINT32_C(1) << 31; x <<= 1) zeros++;
    return zeros;
}

/* exp(beta * scale * diff) in Q0, for diff_min <= diff <= 0. */
static int32_t scaled_exp(const ek_softmax_s8_t *p, int32_t diff)
{
    const int32_t shifted = ek_wrapping_shift_left(diff, p->left_shift);
    return ek_exp_negative(ek_doubling_high_mul(shifted, p->multiplier));
}

/* In Q12, saturating: far beyond 512 the exact sum no longer matters. */
static int32_t sum_of_exps(const ek_softmax_s8_t *p, const int8_t *x, int32_t max)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t diff = x[i] - max;
        if (diff < p->diff_min) continue;
        sum += ek_rounding_shift_right(scaled_exp(p, diff), SUM_INTEGER_BITS);
        sum = ek_min(sum, INT32_C(1) << 30);
    }
    return sum;
}

static void softmax_row(const ek_softmax_s8_t *p, const int8_t *x, int8_t *y)
{
    const int32_t max = largest(x, p->depth);
    const int32_t sum = sum_of_exps(p, x, max);
    /* sum = (1 + a) * 2^(SUM_INTEGER_BITS - zeros), with a in [0, 1) */
    const int32_t zeros = leading_zeros((uint32_t)sum);
    const int32_t a = (int32_t)(((uint32_t)sum << zeros) - (UINT32_C(1) << 31));
    const int32_t reciprocal = ek_one_over_one_plus(a);
    const int32_t right = SUM_INTEGER_BITS - zeros + 31 - 8;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t diff = x[i] - max;
        if (diff < p->diff_min || right > 31) {
            y[i] = INT8_MIN;
            continue;
        }
        const int32_t quotient = ek_doubling_high_mul(reciprocal, scaled_exp(p, diff));
        const int32_t scaled = ek_rounding_shift_right(quotient, right);
        y[i] = (int8_t)ek_clamp(scaled + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void ek_softmax_s8__ref(const ek_softmax_s8_t *p, const int8_t *input, int8_t *output)
{
    assert(p->depth > 0);
    assert(p->left_shift >= 0 && p->left_shift < 32 && p->diff_min <= 0);
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(p, input + row * p->depth, output + row * p->depth);
    }
}
