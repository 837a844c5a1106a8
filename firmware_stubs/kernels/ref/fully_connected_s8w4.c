/* fully_connected_s8w4.c - the dot product of an input row and each packed row of weights. */
#include <assert.h>

#include "ek_kernels_w4.h"
#include "ek_requant.h"
#include "ek_w4.h"

void ek_fully_connected_s8w4__ref(const ek_fully_connected_s8_t *p, const ek_requant_t *q,
                                  const int8_t *input, const uint8_t *weights, const int32_t *bias,
                                  int8_t *output)
{
    assert(p->input_c > 0 && (p->q_step == 0 || p->q_step == 1));
    assert(p->act_min >= INT8_MIN && p->act_min <= p->act_max && p->act_max <= INT8_MAX);
    for (int32_t r = 0; r < p->rows; r++, input += p->input_c) {
        for (int32_t o = 0; o < p->output_c; o++) {
            const uint8_t *row = weights + o * ek_w4_row(p->input_c);
            const int32_t sum = ek_w4_dot(input, row, 0, p->input_c);
            *output++ = ek_requant_s8(ek_wrapping_add(bias[o], sum), q[o * p->q_step],
                                      p->output_zero, p->act_min, p->act_max);
        }
    }
}
