/* softmax_once_s8.c - exponentials are computed once and kept, for the sum and for the quotients.
 *
 * scratch: one int32 for each element of a row.
 */
#include <assert.h>
#include <string.h>

#include "ek_kernels_any.h"
#include "ek_softmax.h"

static int32_t exponential(const ek_softmax_s8_t *p, int32_t diff)
{
    if (diff < p->diff_min) return 0;
    const int32_t shifted = ek_wrapping_shift_left(diff, p->left_shift);
    return ek_exp_negative(ek_doubling_high_mul(shifted, p->multiplier));
}

static void softmax_row(const ek_softmax_s8_t *p, const int8_t *x, int8_t *y, int32_t *kept)
{
    const int32_t max = ek_largest(x, p->depth);
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        kept[i] = exponential(p, x[i] - max);
        sum = ek_min(sum + ek_addend(kept[i]), INT32_C(1) << 30);
    }
    const ek_share_t share = ek_share(sum);
    if (share.right > 31) {
        memset(y, INT8_MIN, (size_t)p->depth);
    } else {
        for (int32_t i = 0; i < p->depth; i++) y[i] = ek_shared(kept[i], share);
    }
}

void ek_softmax_once_s8__any(const ek_softmax_s8_t *p, const int8_t *input, int8_t *output,
                             void *scratch)
{
    assert(p->depth > 0);
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(p, input + row * p->depth, output + row * p->depth, scratch);
    }
}
