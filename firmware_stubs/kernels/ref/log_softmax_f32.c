/* log_softmax_f32.c - the distance to the row's maximum, less the log of the sum of exps of those. */
#include <assert.h>

#include "ek_exp_f32.h"
#include "ek_kernels_f32.h"
#include "ek_log_f32.h"

static void log_softmax_row(int32_t depth, const float *x, float *y)
{
    float max = x[0], sum = 0.0f;
    for (int32_t i = 1; i < depth; i++) max = x[i] > max ? x[i] : max;
    for (int32_t i = 0; i < depth; i++) sum += ek_exp_f32(x[i] - max);
    const float logarithm = ek_log_f32(sum);
    for (int32_t i = 0; i < depth; i++) y[i] = x[i] - max - logarithm;
}

void ek_log_softmax_f32__ref(const ek_rows_t *p, const float *input, float *output)
{
    assert(p->depth > 0);
    for (int32_t row = 0; row < p->rows; row++) {
        log_softmax_row(p->depth, input + row * p->depth, output + row * p->depth);
    }
}
