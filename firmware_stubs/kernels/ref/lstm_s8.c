/* lstm_s8.c - unit by unit; a step's hidden values go to the output while the state still has the
 * last ones. */
#include "ek_lstm.h"

typedef struct {
    const int8_t *input, *recurrent;
    const int32_t *bias;
} weights_t;

static int32_t dot(const int8_t *x, int32_t zero, const int8_t *weights, int32_t count)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) sum += (x[i] - zero) * weights[i];
    return sum;
}

/* Both sums of gate `g` of unit `u`, in steps of 2^-12. */
static int16_t gate_sum(const ek_lstm_s8_t *p, const ek_requant_t *q, const weights_t *w,
                        int32_t g, int32_t u, const int8_t *input, const int8_t *hidden)
{
    const int32_t row = g * p->units + u;
    const int32_t first = dot(input, p->input_zero, w->input + row * p->input_c, p->input_c);
    const int32_t second = dot(hidden, p->hidden_zero, w->recurrent + row * p->units, p->units);
    return ek_gate_sum(q, g, ek_wrapping_add(first, w->bias[row]), second);
}

void ek_lstm_s8__ref(const ek_lstm_s8_t *p, const ek_requant_t *q, const uint16_t table[256],
                     const int8_t *input, const int8_t *weights, const int8_t *recurrent,
                     const int32_t *bias, int8_t *hidden, int16_t *cell, int8_t *output)
{
    const weights_t w = {weights, recurrent, bias};
    assert(p->units > 0 && p->input_c > 0 && p->cell_clip > 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int32_t place = n * p->batch_stride + t * p->step_stride;
            int8_t *const now = output + place * p->units;
            for (int32_t u = 0; u < p->units; u++) {
                int16_t sum[EK_GATES];
                for (int32_t g = 0; g < EK_GATES; g++) {
                    sum[g] = gate_sum(p, q, &w, g, u, input + place * p->input_c, hidden);
                }
                now[u] = ek_lstm_update(p, table, sum, cell + u);
            }
            memcpy(hidden, now, (size_t)p->units);
        }
        hidden += p->units;
        cell += p->units;
    }
}
