/* ek_lstm.h - what the int8 LSTMs share: a gate's sum, and how gates become cell and hidden value. */
#ifndef EK_LSTM_H
#define EK_LSTM_H

#include <assert.h>
#include <string.h>

#include "ek_requant.h"
#include "ek_tables_s16.h"

enum { EK_INPUT_GATE, EK_FORGET_GATE, EK_CELL_GATE, EK_OUTPUT_GATE, EK_GATES };

static const ek_sigmoid_s16_t ek_gate_steps = {.count = 0, .multiplier = 3, .shift = 0};

static inline int32_t ek_saturate_s16(int32_t x) { return ek_clamp(x, INT16_MIN, INT16_MAX); }

/* Both sums of gate `g`, in steps of 2^-12. */
static inline int16_t ek_gate_sum(const ek_requant_t *q, int32_t g, int32_t of_input,
                                  int32_t of_hidden)
{
    return (int16_t)ek_saturate_s16(ek_saturate_s16(ek_requant(of_input, q[g])) +
                                    ek_saturate_s16(ek_requant(of_hidden, q[EK_GATES + g])));
}

/* The new cell of a unit from its gates, and the hidden value. */
static inline int8_t ek_lstm_update(const ek_lstm_s8_t *p, const uint16_t table[256],
                                    const int16_t sum[EK_GATES], int16_t *cell)
{
    const ek_sigmoid_s16_t cell_steps = {
        .count = 0, .multiplier = p->tanh_multiplier, .shift = p->tanh_shift};
    const int32_t input = ek_logistic_q15(&ek_gate_steps, table, sum[EK_INPUT_GATE]);
    const int32_t forget = ek_logistic_q15(&ek_gate_steps, table, sum[EK_FORGET_GATE]);
    const int32_t fresh = ek_tanh_q15(&ek_gate_steps, table, sum[EK_CELL_GATE]);
    const int32_t shown = ek_logistic_q15(&ek_gate_steps, table, sum[EK_OUTPUT_GATE]);
    const int32_t kept = ek_saturate_s16(ek_requant(forget * *cell, p->forget_q));
    const int32_t added = ek_saturate_s16(ek_requant(input * fresh, p->update_q));
    const int32_t limit = p->cell_clip, low = limit < INT16_MAX ? -limit : INT16_MIN;
    *cell = (int16_t)ek_clamp(kept + added, low, limit);
    const int32_t hidden =
        ek_requant(shown * ek_tanh_q15(&cell_steps, table, *cell), p->output_q);
    return (int8_t)ek_clamp(hidden + p->hidden_zero, INT8_MIN, INT8_MAX);
}

/* Sums of products of `count` values with four rows of weights; returns the weights that follow. */
typedef const int8_t *ek_four_sums_t(const int8_t *x, int32_t count, const int8_t *w,
                                     int32_t sums[4]);

/* One step of a batch: `weights` has of each unit the four gates' rows for the input, then those for the
 * hidden values, as `four_sums` reads them; `bias` the gates' biases for both, zero points folded in. */
static inline void ek_lstm_step(const ek_lstm_s8_t *p, ek_four_sums_t *four_sums,
                                const ek_requant_t *q, const uint16_t table[256],
                                const int8_t *input, const int8_t *hidden, const int8_t *weights,
                                const int32_t *bias, int16_t *cell, int8_t *output)
{
    for (int32_t u = 0; u < p->units; u++, bias += 2 * EK_GATES) {
        int32_t of_input[EK_GATES], of_hidden[EK_GATES];
        int16_t sum[EK_GATES];
        weights = four_sums(input, p->input_c, weights, of_input);
        weights = four_sums(hidden, p->units, weights, of_hidden);
        for (int32_t g = 0; g < EK_GATES; g++) {
            sum[g] = ek_gate_sum(q, g, ek_wrapping_add(of_input[g], bias[g]),
                                 ek_wrapping_add(of_hidden[g], bias[EK_GATES + g]));
        }
        output[u] = ek_lstm_update(p, table, sum, cell + u);
    }
}

static inline void ek_lstm_by_units(const ek_lstm_s8_t *p, ek_four_sums_t *four_sums,
                                    const int8_t *input, int8_t *hidden, int16_t *cell,
                                    const ek_requant_t *q, const uint16_t table[256],
                                    const int8_t *weights, const int32_t *bias, int8_t *output)
{
    assert(p->units > 0 && p->input_c > 0 && p->cell_clip > 0);
    for (int32_t n = 0; n < p->batches; n++, hidden += p->units, cell += p->units) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int32_t place = n * p->batch_stride + t * p->step_stride;
            ek_lstm_step(p, four_sums, q, table, input + place * p->input_c, hidden, weights, bias,
                         cell, output + place * p->units);
            memcpy(hidden, output + place * p->units, (size_t)p->units);
        }
    }
}

#endif
