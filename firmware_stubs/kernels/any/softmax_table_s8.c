/* softmax_table_s8.c - an element's exponential depends on its distance to the row's maximum alone,
 * which is one of 256: the converter computes them.
 *
 * exponentials[d] for the distance d, in Q0; 0 where it contributes nothing.
 */
#include <assert.h>
#include <string.h>

#include "ek_kernels_any.h"
#include "ek_softmax.h"

static void softmax_row(const int32_t exponentials[256], const int8_t *x, int32_t count, int8_t *y)
{
    const int32_t max = ek_largest(x, count);
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) {
        sum = ek_min(sum + ek_addend(exponentials[max - x[i]]), INT32_C(1) << 30);
    }
    const ek_share_t share = ek_share(sum);
    if (share.right > 31) {
        memset(y, INT8_MIN, (size_t)count);
    } else {
        for (int32_t i = 0; i < count; i++) y[i] = ek_shared(exponentials[max - x[i]], share);
    }
}

void ek_softmax_table_s8__any(const ek_softmax_s8_t *p, const int8_t *input,
                              const int32_t exponentials[256], int8_t *output)
{
    assert(p->depth > 0);
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(exponentials, input + row * p->depth, p->depth, output + row * p->depth);
    }
}
