/* svdf_s8.c - the state moves up by one, then every filter takes its dot products. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"
#include "ek_requant.h"

static int32_t newest(const ek_svdf_s8_t *p, const int8_t *input, const int8_t *weights)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < p->input_c; i++) sum += (input[i] - p->input_zero) * weights[i];
    return ek_clamp(ek_requant(sum, p->state_q), INT16_MIN, INT16_MAX);
}

/* What one filter adds to its unit. */
static int32_t filter(const ek_svdf_s8_t *p, const int8_t *input, const int8_t *weights,
                      const int16_t *times, int16_t *state)
{
    int32_t sum = 0;
    memmove(state, state + 1, (size_t)(p->memory - 1) * sizeof *state);
    state[p->memory - 1] = (int16_t)newest(p, input, weights);
    for (int32_t t = 0; t < p->memory; t++) sum = ek_wrapping_add(sum, times[t] * state[t]);
    return sum;
}

void ek_svdf_s8__ref(const ek_svdf_s8_t *p, const int8_t *input, const int8_t *weights,
                     const int16_t *times, const int32_t *bias, int16_t *state, int8_t *output)
{
    assert(p->rank > 0 && p->memory > 0 && p->filters % p->rank == 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t f = 0; f < p->filters; f += p->rank) {
            int32_t sum = bias[f / p->rank];
            for (int32_t r = f; r < f + p->rank; r++) {
                sum = ek_wrapping_add(sum, filter(p, input, weights + r * p->input_c,
                                                  times + r * p->memory, state));
                state += p->memory;
            }
            *output++ = ek_requant_s8(sum, p->output_q, p->output_zero, INT8_MIN, INT8_MAX);
        }
        input += p->input_c;
    }
}
