/* lstm_s8.c - unit by unit; a step's hidden values go to the output while the state still has the
 * last ones. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"
#include "ek_requant.h"
#include "ek_tables_s16.h"

enum { INPUT, FORGET, CELL, OUTPUT, GATES };

typedef struct {
    const int8_t *input, *recurrent;
    const int32_t *bias;
} weights_t;

static const ek_sigmoid_s16_t gate_input = {.count = 0, .multiplier = 3, .shift = 0};

static int32_t saturate(int32_t x) { return ek_clamp(x, INT16_MIN, INT16_MAX); }

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
    const int32_t sum = saturate(ek_requant(ek_wrapping_add(first, w->bias[row]), q[g])) +
                        saturate(ek_requant(second, q[GATES + g]));
    return (int16_t)saturate(sum);
}

static int32_t product(int32_t a, int32_t b, ek_requant_t q) { return ek_requant(a * b, q); }

/* The new cell of a unit from its gates, and the hidden value. */
static int8_t update(const ek_lstm_s8_t *p, const uint16_t table[256], const int16_t sum[GATES],
                     int16_t *cell)
{
    const ek_sigmoid_s16_t cell_input = {
        .count = 0, .multiplier = p->tanh_multiplier, .shift = p->tanh_shift};
    const int32_t kept = saturate(
        product(ek_logistic_q15(&gate_input, table, sum[FORGET]), *cell, p->forget_q));
    const int32_t added =
        saturate(product(ek_logistic_q15(&gate_input, table, sum[INPUT]),
                         ek_tanh_q15(&gate_input, table, sum[CELL]), p->update_q));
    const int32_t limit = p->cell_clip;
    const int32_t low = limit < INT16_MAX ? -limit : INT16_MIN;
    *cell = (int16_t)ek_clamp(kept + added, low, limit);
    const int32_t shown = product(ek_logistic_q15(&gate_input, table, sum[OUTPUT]),
                                  ek_tanh_q15(&cell_input, table, *cell), p->output_q);
    return (int8_t)ek_clamp(shown + p->hidden_zero, INT8_MIN, INT8_MAX);
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
                int16_t sum[GATES];
                for (int32_t g = 0; g < GATES; g++) {
                    sum[g] = gate_sum(p, q, &w, g, u, input + place * p->input_c, hidden);
                }
                now[u] = update(p, table, sum, cell + u);
            }
            memcpy(hidden, now, (size_t)p->units);
        }
        hidden += p->units;
        cell += p->units;
    }
}
