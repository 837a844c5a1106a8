/* softmax_f32.c - exp of the distance to the row's maximum, over the sum of those. */
#include <assert.h>

#include "ek_exp_f32.h"
#include "ek_kernels_f32.h"

static void softmax_row(const ek_softmax_f32_t *p, const float *x, float *y)
{
    float max = x[0], sum = 0.0f;
    for (int32_t i = 1; i < p->depth; i++) max = x[i] > max ? x[i] : max;
    for (int32_t i = 0; i < p->depth; i++) {
        y[i] = ek_exp_f32((x[i] - max) * p->beta);
        sum += y[i];
    }
    for (int32_t i = 0; i < p->depth; i++) y[i] /= sum;
}

void ek_softmax_f32__ref(const ek_softmax_f32_t *p, const float *input, float *output)
{
    assert(p->depth > 0);
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(p, input + row * p->depth, output + row * p->depth);
    }
}
