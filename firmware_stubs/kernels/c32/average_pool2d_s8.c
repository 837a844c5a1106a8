/* average_pool2d_s8.c - the mean of the window's taps inside the input, ties away from zero. */
#include <assert.h>

#include "ek_c32_pool.h"

static int8_t divide(const ek_pool2d_s8_t *p, int32_t sum, int32_t taps)
{
    const int32_t half = taps / 2;
    return (int8_t)ek_clamp((sum > 0 ? sum + half : sum - half) / taps, p->act_min, p->act_max);
}

static void average(const ek_pool2d_s8_t *p, ek_c32_patch_t patch, int8_t *y)
{
    const int32_t taps = patch.rows * patch.columns;
    int32_t left = p->channels;
    for (; left >= EK_C32_LANES; left -= EK_C32_LANES, patch.first += EK_C32_LANES) {
        int32_t sums[EK_C32_LANES];
        ek_c32_sum_four(patch, sums);
        for (int32_t l = 0; l < EK_C32_LANES; l++) *y++ = divide(p, sums[l], taps);
    }
    for (; left > 0; left--, patch.first++) *y++ = divide(p, ek_c32_sum_one(patch), taps);
}

void ek_average_pool2d_s8__c32(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0);
    ek_c32_windows(average, p, input, output);
}
