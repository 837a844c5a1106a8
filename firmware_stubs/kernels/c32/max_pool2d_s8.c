/* max_pool2d_s8.c - the largest of the window's taps inside the input, four channels at a time. */
#include <assert.h>

#include "ek_c32_pool.h"

static void max_four(const ek_pool2d_s8_t *p, ek_c32_patch_t patch, int8_t *y)
{
    int32_t a = p->act_min, b = a, c = a, d = a;
    for (; patch.rows > 0; patch.rows--, patch.first += patch.row_size) {
        const int8_t *x = patch.first;
        for (int32_t left = patch.columns; left > 0; left--, x += patch.pixel_size) {
            a = ek_max(a, x[0]);
            b = ek_max(b, x[1]);
            c = ek_max(c, x[2]);
            d = ek_max(d, x[3]);
        }
    }
    y[0] = (int8_t)ek_min(a, p->act_max);
    y[1] = (int8_t)ek_min(b, p->act_max);
    y[2] = (int8_t)ek_min(c, p->act_max);
    y[3] = (int8_t)ek_min(d, p->act_max);
}

static int8_t max_one(const ek_pool2d_s8_t *p, ek_c32_patch_t patch)
{
    int32_t largest = p->act_min;
    for (; patch.rows > 0; patch.rows--, patch.first += patch.row_size) {
        const int8_t *x = patch.first;
        for (int32_t left = patch.columns; left > 0; left--, x += patch.pixel_size) {
            largest = ek_max(largest, *x);
        }
    }
    return (int8_t)ek_min(largest, p->act_max);
}

static void largest(const ek_pool2d_s8_t *p, ek_c32_patch_t patch, int8_t *y)
{
    int32_t left = p->channels;
    for (; left >= EK_C32_LANES; left -= EK_C32_LANES, patch.first += EK_C32_LANES) {
        max_four(p, patch, y);
        y += EK_C32_LANES;
    }
    for (; left > 0; left--, patch.first++) *y++ = max_one(p, patch);
}

void ek_max_pool2d_s8__c32(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    assert(p->stride_h > 0 && p->stride_w > 0);
    ek_c32_windows(largest, p, input, output);
}
