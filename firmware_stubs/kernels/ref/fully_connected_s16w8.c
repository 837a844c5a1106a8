/* fully_connected_s16w8.c - the dot product of an input row and each row of weights. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant_s16.h"

static int64_t dot(const int16_t *x, const int8_t *w, int32_t count)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < count; i++) sum += (int32_t)x[i] * w[i];
    return sum;
}

void ek_fully_connected_s16w8__ref(const ek_fully_connected_s16w8_t *p, const ek_requant_t *q,
                                   const int16_t *input, const int8_t *weights,
                                   const int64_t *bias, int16_t *output)
{
    assert(p->input_c > 0 && (p->q_step == 0 || p->q_step == 1));
    for (int32_t r = 0; r < p->rows; r++, input += p->input_c) {
        for (int32_t o = 0; o < p->output_c; o++) {
            const int64_t sum = bias[o] + dot(input, weights + o * p->input_c, p->input_c);
            *output++ = ek_requant_wide_s16(sum, q[o * p->q_step], p->act_min, p->act_max);
        }
    }
}
