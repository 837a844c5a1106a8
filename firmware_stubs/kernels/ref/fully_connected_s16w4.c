/* fully_connected_s16w4.c - the dot product of an input row and each packed row of weights. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant_s16.h"
#include "ek_w4.h"

void ek_fully_connected_s16w4__ref(const ek_fully_connected_s16w8_t *p, const ek_requant_t *q,
                                   const int16_t *input, const uint8_t *weights,
                                   const int64_t *bias, int16_t *output)
{
    assert(p->input_c > 0 && (p->q_step == 0 || p->q_step == 1));
    for (int32_t r = 0; r < p->rows; r++, input += p->input_c) {
        for (int32_t o = 0; o < p->output_c; o++) {
            const uint8_t *row = weights + o * ek_w4_row(p->input_c);
            const int64_t sum = bias[o] + ek_w4_dot_s16(input, row, 0, p->input_c);
            *output++ = ek_requant_wide_s16(sum, q[o * p->q_step], p->act_min, p->act_max);
        }
    }
}
