/* ek_lanes.h - 8-bit samples of two neighbours in one word, multiplied by weights of 22 bits.
 *
 * A sample lies in its half of the word shifted left by 7, its weight is shifted left by 9: what a
 * multiplication of 32 by 16 bits leaves of the product, the bits from 16 on, is the product of the
 * two, exactly. Cortex-M with the DSP extension has that as one instruction, SMLAWB and SMLAWT.
 */
#ifndef EK_LANES_H
#define EK_LANES_H

#include <stdint.h>
#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
#endif

#include "ek_frame.h"

enum { EK_LANE_SHIFT = 7 };

#ifdef __ARM_FEATURE_DSP
static inline int32_t ek_lane_first(int32_t weight, uint32_t lanes, int32_t sum)
{
    return __smlawb(weight, (int32_t)lanes, sum);
}

static inline int32_t ek_lane_second(int32_t weight, uint32_t lanes, int32_t sum)
{
    return __smlawt(weight, (int32_t)lanes, sum);
}

/* Between 0 and 255: USAT. */
static inline uint32_t ek_level(int32_t value) { return __usat(value, 8); }
#else
static inline int32_t ek_lane_first(int32_t weight, uint32_t lanes, int32_t sum)
{
    return sum + (int32_t)((int64_t)weight * (int16_t)(lanes & 0xFFFFu) >> 16);
}

static inline int32_t ek_lane_second(int32_t weight, uint32_t lanes, int32_t sum)
{
    return sum + (int32_t)((int64_t)weight * (int16_t)(lanes >> 16) >> 16);
}

static inline uint32_t ek_level(int32_t value)
{
    return value < 0 ? 0 : value > 255 ? 255u : (uint32_t)value;
}
#endif

static inline uint32_t ek_lanes_of(uint32_t first, uint32_t second)
{
    return (first | second << 16) << EK_LANE_SHIFT;
}

ek_frame_lanes_t ek_lanes_rgb565be, ek_lanes_rgb565le, ek_lanes_yuyv, ek_lanes_uyvy;
ek_frame_lanes_t ek_lanes_rggb, ek_lanes_grbg, ek_lanes_gbrg, ek_lanes_bggr;

#endif
