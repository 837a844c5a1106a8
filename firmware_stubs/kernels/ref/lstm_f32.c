/* lstm_f32.c - unit by unit; a step's hidden values go to the output while the state still has the
 * last ones. */
#include <assert.h>
#include <string.h>

#include "ek_exp_f32.h"
#include "ek_float.h"
#include "ek_kernels_f32.h"

enum { INPUT, FORGET, CELL, OUTPUT, GATES };

static float sigmoid(float x)
{
    const float power = ek_exp_f32(x < 0.0f ? x : -x);
    return (x < 0.0f ? power : 1.0f) / (1.0f + power);
}

static float hyperbolic_tangent(float x)
{
    const float power = ek_expm1_f32(2.0f * ek_clamp_float(x, -10.0f, 10.0f));
    return power / (power + 2.0f);
}

static float dot(const float *a, const float *b, int32_t count)
{
    float sum = 0;
    for (int32_t i = 0; i < count; i++) sum += a[i] * b[i];
    return sum;
}

static float update(const ek_lstm_f32_t *p, const float sum[GATES], float *cell)
{
    const float kept = sigmoid(sum[FORGET]) * *cell;
    const float moved = kept + sigmoid(sum[INPUT]) * hyperbolic_tangent(sum[CELL]);
    *cell = ek_clamp_float(moved, -p->cell_clip, p->cell_clip);
    return sigmoid(sum[OUTPUT]) * hyperbolic_tangent(*cell);
}

void ek_lstm_f32__ref(const ek_lstm_f32_t *p, const float *input, const float *weights,
                      const float *recurrent, const float *bias, float *hidden, float *cell,
                      float *output)
{
    assert(p->units > 0 && p->input_c > 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int32_t place = n * p->batch_stride + t * p->step_stride;
            float *const now = output + place * p->units;
            for (int32_t u = 0; u < p->units; u++) {
                float sum[GATES];
                for (int32_t g = 0; g < GATES; g++) {
                    const int32_t row = g * p->units + u;
                    sum[g] = bias[row] + dot(hidden, recurrent + row * p->units, p->units) +
                             dot(input + place * p->input_c, weights + row * p->input_c,
                                 p->input_c);
                }
                now[u] = update(p, sum, cell + u);
            }
            memcpy(hidden, now, (size_t)p->units * sizeof *now);
        }
        hidden += p->units;
        cell += p->units;
    }
}
