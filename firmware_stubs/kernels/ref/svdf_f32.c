/* svdf_f32.c - the state moves up by one, then every filter takes its dot products. */
#include <assert.h>
#include <string.h>

#include "ek_float.h"
#include "ek_kernels_f32.h"

static float dot(const float *a, const float *b, int32_t count)
{
    float sum = 0;
    for (int32_t i = 0; i < count; i++) sum += a[i] * b[i];
    return sum;
}

/* What one filter adds to its unit. */
static float filter(const ek_svdf_f32_t *p, const float *input, const float *weights,
                    const float *times, float *state)
{
    memmove(state, state + 1, (size_t)(p->memory - 1) * sizeof *state);
    state[p->memory - 1] = dot(input, weights, p->input_c);
    return dot(state, times, p->memory);
}

void ek_svdf_f32__ref(const ek_svdf_f32_t *p, const float *input, const float *weights,
                      const float *times, const float *bias, float *state, float *output)
{
    assert(p->rank > 0 && p->memory > 0 && p->filters % p->rank == 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t f = 0; f < p->filters; f += p->rank) {
            float sum = 0;
            for (int32_t r = f; r < f + p->rank; r++) {
                sum += filter(p, input, weights + r * p->input_c, times + r * p->memory, state);
                state += p->memory;
            }
            *output++ = ek_clamp_float(sum + bias[f / p->rank], p->act_min, p->act_max);
        }
        input += p->input_c;
    }
}
