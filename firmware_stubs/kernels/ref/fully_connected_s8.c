/* fully_connected_s8.c - four dot products at a time of an input row and rows of weights. */
#include <assert.h>

#include "ek_dot.h"
#include "ek_kernels.h"
#include "ek_requant.h"

static void multiply_row(const ek_fully_connected_s8_t *p, const ek_requant_t *q,
                         const int8_t *input, const int8_t *weights, const int32_t *bias,
                         int8_t *output)
{
    for (int32_t first = 0; first < p->output_c; first += 4) {
        const int32_t channels = ek_min(4, p->output_c - first);
        const int8_t *row[4];
        int32_t sum[4] = {0, 0, 0, 0};
        ek_four_rows(weights + first * p->input_c, p->input_c, channels, row);
        ek_dot4(input, row, 0, p->input_c, sum);
        for (int32_t l = 0; l < channels; l++) {
            const int32_t o = first + l;
            output[o] = ek_requant_s8(ek_wrapping_add(bias[o], sum[l]), q[o * p->q_step],
                                      p->output_zero, p->act_min, p->act_max);
        }
    }
}

void ek_fully_connected_s8__ref(const ek_fully_connected_s8_t *p, const ek_requant_t *q,
                                const int8_t *input, const int8_t *weights, const int32_t *bias,
                                int8_t *output)
{
    assert(p->input_c > 0 && (p->q_step == 0 || p->q_step == 1));
    assert(p->act_min >= INT8_MIN && p->act_min <= p->act_max && p->act_max <= INT8_MAX);
    for (int32_t r = 0; r < p->rows; r++) {
        multiply_row(p, q, input + r * p->input_c, weights, bias, output + r * p->output_c);
    }
}
