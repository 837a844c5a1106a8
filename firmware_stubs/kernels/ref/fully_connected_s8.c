/* fully_connected_s8.c - each output is the dot product of a row of input and a row of weights. */
#include <assert.h>

#include "ek_kernels.h"
#include "ek_requant.h"

static int32_t dot(const int8_t *x, const int8_t *w, int32_t count)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) sum += x[i] * w[i];
    return sum;
}

void ek_fully_connected_s8__ref(const ek_fully_connected_s8_t *p, const ek_requant_t *q,
                                const int8_t *input, const int8_t *weights, const int32_t *bias,
                                int8_t *output)
{
    assert(p->input_c > 0 && (p->q_step == 0 || p->q_step == 1));
    assert(p->act_min >= INT8_MIN && p->act_min <= p->act_max && p->act_max <= INT8_MAX);
    for (int32_t r = 0; r < p->rows; r++) {
        for (int32_t o = 0; o < p->output_c; o++) {
            const int32_t sum = dot(input, weights + o * p->input_c, p->input_c);
            *output++ = ek_requant_s8(ek_wrapping_add(bias[o], sum), q[o * p->q_step],
                                      p->output_zero, p->act_min, p->act_max);
        }
        input += p->input_c;
    }
}
