/* ek_neon_depthwise.h - eight channels of a depthwise convolution: their biases and factors. */
#ifndef EK_NEON_DEPTHWISE_H
#define EK_NEON_DEPTHWISE_H

#include "ek_neon.h"
#include "ek_window.h"

/* The first four channels and the last four. */
typedef struct {
    int32x4_t bias[2];
    ek_neon_factor_t q[2];
} ek_neon_lanes_t;

static inline ek_neon_factor_t ek_neon_load_factor(const int32_t *at, int32_t channels)
{
    return (ek_neon_factor_t){
        vld1q_s32(at + channels), vld1q_s32(at + 2 * channels), vld1q_s32(at + 3 * channels),
    };
}

/* Channels c..c+7 of (4, channels) factors. */
static inline ek_neon_lanes_t ek_neon_load_lanes(const int32_t *factors, int32_t c,
                                                 int32_t channels)
{
    const int32_t *at = factors + c;
    return (ek_neon_lanes_t){
        {vld1q_s32(at), vld1q_s32(at + 4)},
        {ek_neon_load_factor(at, channels), ek_neon_load_factor(at + 4, channels)},
    };
}

static inline int8x8_t ek_neon_finish_lanes(int32x4_t low, int32x4_t high, ek_neon_lanes_t lanes,
                                            ek_neon_range_t range)
{
    return ek_neon_clamp(ek_neon_finish(low, lanes.q[0], range),
                         ek_neon_finish(high, lanes.q[1], range), range);
}

#endif
