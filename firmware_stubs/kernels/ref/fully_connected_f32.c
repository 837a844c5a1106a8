/* fully_connected_f32.c - the dot product of an input row and each row of weights. */
#include <assert.h>

#include "ek_float.h"
#include "ek_kernels_f32.h"

static float dot(const float *x, const float *w, int32_t count)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < count; i++) sum += x[i] * w[i];
    return sum;
}

void ek_fully_connected_f32__ref(const ek_fully_connected_f32_t *p, const float *input,
                                 const float *weights, const float *bias, float *output)
{
    assert(p->input_c > 0);
    for (int32_t r = 0; r < p->rows; r++, input += p->input_c) {
        for (int32_t o = 0; o < p->output_c; o++) {
            const float sum = dot(input, weights + o * p->input_c, p->input_c) + bias[o];
            *output++ = ek_clamp_float(sum, p->act_min, p->act_max);
        }
    }
}
