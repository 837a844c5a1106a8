/* l2_normalization_s8.c - each row over its length, in fixed point. */
#include <assert.h>

#include "ek_fixedpoint.h"
#include "ek_kernels.h"

static void normalize_row(const ek_l2_normalization_s8_t *p, const int8_t *x, int8_t *y)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t centred = x[i] - p->input_zero;
        sum += centred * centred;
    }
    ek_requant_t q = ek_inverse_sqrt(sum);
    q.shift += 7; /* to steps of 1/128 */
    for (int32_t i = 0; i < p->depth; i++) {
        y[i] = (int8_t)ek_clamp(ek_requant(x[i] - p->input_zero, q), INT8_MIN, INT8_MAX);
    }
}

void ek_l2_normalization_s8__ref(const ek_l2_normalization_s8_t *p, const int8_t *input,
                                 int8_t *output)
{
    assert(p->depth > 0);
    for (int32_t row = 0; row < p->rows; row++) {
        normalize_row(p, input + row * p->depth, output + row * p->depth);
    }
}
