/* ek_svdf.h - what the faster int8 SVDFs share: four filters' newest values at a time, then each filter's
 * state moves up while it is multiplied.
 */
#ifndef EK_SVDF_H
#define EK_SVDF_H

#include <assert.h>

#include "ek_requant.h"

/* Sums of products of `count` values with four rows of weights; returns the weights that follow. */
typedef const int8_t *ek_four_filters_t(const int8_t *x, int32_t count, const int8_t *w,
                                        int32_t sums[4]);
/* Moves a state of `memory` values up by one, appends `newest`, returns its products with `times`. */
typedef int32_t ek_moved_products_t(int16_t *state, const int16_t *times, int32_t memory,
                                    int16_t newest);

/* `bias` has one for each filter, with the input's zero point folded in, up to a multiple of four. */
static inline void ek_svdf_batch(const ek_svdf_s8_t *p, ek_four_filters_t *four_sums,
                                 ek_moved_products_t *moved, const int8_t *input, int16_t *state,
                                 const int8_t *weights, const int32_t *bias, const int16_t *times,
                                 const int32_t *unit_bias, int8_t *output)
{
    int32_t newest[4] = {0}, sum = 0;
    for (int32_t f = 0, r = 0; f < p->filters; f++, state += p->memory, times += p->memory) {
        if ((f & 3) == 0) weights = four_sums(input, p->input_c, weights, newest);
        const int32_t value = ek_requant(ek_wrapping_add(newest[f & 3], bias[f]), p->state_q);
        const int32_t kept = ek_clamp(value, INT16_MIN, INT16_MAX);
        sum = ek_wrapping_add(sum, moved(state, times, p->memory, (int16_t)kept));
        if (++r < p->rank) continue;
        *output++ = ek_requant_s8(ek_wrapping_add(sum, *unit_bias++), p->output_q, p->output_zero,
                                  INT8_MIN, INT8_MAX);
        sum = r = 0;
    }
}

static inline void ek_svdf_by_fours(const ek_svdf_s8_t *p, ek_four_filters_t *four_sums,
                                    ek_moved_products_t *moved, const int8_t *input,
                                    int16_t *state, const int8_t *weights, const int32_t *bias,
                                    const int16_t *times, const int32_t *unit_bias, int8_t *output)
{
    assert(p->rank > 0 && p->memory > 0 && p->filters % p->rank == 0);
    for (int32_t n = 0; n < p->batches; n++, input += p->input_c) {
        ek_svdf_batch(p, four_sums, moved, input, state, weights, bias, times, unit_bias, output);
        state += p->filters * p->memory;
        output += p->filters / p->rank;
    }
}

#endif
