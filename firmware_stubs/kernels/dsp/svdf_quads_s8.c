/* svdf_quads_s8.c - four filters of an input at a time; a state is moved and multiplied in one loop, two
 * values a turn.
 *
 * weights: of each four filters as fully_connected_quads_s8.c draws four outputs. bias: of each filter, the
 * input's zero point folded in, up to a multiple of four. times, unit_bias: as the model has them.
 */
#include "ek_dsp_four_sums.h"
#include "ek_kernels_dsp.h"
#include "ek_svdf.h"

static int32_t moved_products(int16_t *state, const int16_t *times, int32_t memory, int16_t newest)
{
    int32_t sum = 0, left = memory - 1;
    for (; left >= 2; left -= 2, state += 2, times += 2) {
        const int32_t two = ek_load_lanes(state + 1);
        ek_store_lanes(state, two);
        sum = ek_smlad(two, ek_load_lanes(times), sum);
    }
    if (left) {
        *state = state[1];
        sum = ek_smlabb(*state++, *times++, sum);
    }
    *state = newest;
    return ek_smlabb(newest, *times, sum);
}

void ek_svdf_quads_s8__dsp(const ek_svdf_s8_t *p, const int8_t *input, int16_t *state,
                           const int8_t *weights, const int32_t *bias, const int16_t *times,
                           const int32_t *unit_bias, int8_t *output)
{
    ek_svdf_by_fours(p, ek_dsp_four_sums, moved_products, input, state, weights, bias, times,
                     unit_bias, output);
}
