/* l2_normalization_f32.c - each row over its length, which counts as 1e-6 at least. */
#include <assert.h>

#include "ek_kernels_f32.h"
#include "ek_log_f32.h"

static void normalize_row(int32_t depth, const float *x, float *y)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < depth; i++) sum += x[i] * x[i];
    const float root = ek_sqrt_f32(sum), norm = root > 1e-6f ? root : 1e-6f;
    for (int32_t i = 0; i < depth; i++) y[i] = x[i] / norm;
}

void ek_l2_normalization_f32__ref(const ek_rows_t *p, const float *input, float *output)
{
    assert(p->depth > 0);
    for (int32_t row = 0; row < p->rows; row++) {
        normalize_row(p->depth, input + row * p->depth, output + row * p->depth);
    }
}
