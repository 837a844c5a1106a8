/* mean_planes_s8.c - the mean of every channel over height and width, four channels at a time. */
#include <assert.h>

#include "ek_c32_pool.h"

static int8_t finish(const ek_mean_s8_t *p, int32_t sum, int32_t zeros)
{
    return ek_requant_s8(sum - zeros, p->q, p->output_zero, INT8_MIN, INT8_MAX);
}

void ek_mean_planes_s8__c32(const ek_mean_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t pixels = p->extent[1] * p->extent[2], channels = p->extent[3];
    const int32_t zeros = pixels * p->input_zero;
    assert(!p->reduce[0] && p->reduce[1] && p->reduce[2] && !p->reduce[3]);
    for (int32_t n = 0; n < p->extent[0]; n++, input += pixels * channels) {
        ek_c32_patch_t patch = {input, 1, pixels, 0, channels};
        int32_t left = channels;
        for (; left >= EK_C32_LANES; left -= EK_C32_LANES, patch.first += EK_C32_LANES) {
            int32_t sums[EK_C32_LANES];
            ek_c32_sum_four(patch, sums);
            for (int32_t l = 0; l < EK_C32_LANES; l++) *output++ = finish(p, sums[l], zeros);
        }
        for (; left > 0; left--, patch.first++) {
            *output++ = finish(p, ek_c32_sum_one(patch), zeros);
        }
    }
}
