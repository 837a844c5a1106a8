/* svdf_quads_s8.c - four filters of an input at a time, 16 products an instruction; a state is moved and
 * multiplied in one loop.
 *
 * weights: of each four filters as fully_connected_s8.c draws four outputs. bias: of each filter, the input's
 * zero point folded in, up to a multiple of four. times, unit_bias: as the model has them.
 */
#include "ek_mve.h"
#include "ek_svdf.h"

static const int8_t *four_sums(const int8_t *x, int32_t count, const int8_t *w, int32_t sums[4])
{
    vst1q_s32(sums, ek_mve_dot_rows(x, &w, count));
    return w;
}

static int32_t moved_products(int16_t *state, const int16_t *times, int32_t memory, int16_t newest)
{
    int32_t sum = 0;
    for (int32_t t = 0; t < memory; t++) {
        state[t] = t + 1 < memory ? state[t + 1] : newest;
        sum = ek_wrapping_add(sum, state[t] * times[t]);
    }
    return sum;
}

void ek_svdf_quads_s8__mve(const ek_svdf_s8_t *p, const int8_t *input, int16_t *state,
                           const int8_t *weights, const int32_t *bias, const int16_t *times,
                           const int32_t *unit_bias, int8_t *output)
{
    ek_svdf_by_fours(p, four_sums, moved_products, input, state, weights, bias, times, unit_bias,
                     output);
}
