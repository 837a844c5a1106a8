/* ek_turn_f32.h - sine and cosine in float32, without libm and for angles of any size. */
#ifndef EK_TURN_F32_H
#define EK_TURN_F32_H

#include "ek_log_f32.h"

/* An angle as quarters of a turn and what is left of it, in [-pi/4, pi/4]. */
typedef struct {
    float rest;
    uint32_t quarters;
} ek_turn_t;

/* |x| = m * 2^e, and its quarters are m * 2/pi * 2^e modulo 4. Bits of 2/pi that only give multiples
 * of 4 are left out; of the next 64 the product's low 64 bits are the quarters with 62 behind the
 * point. */
static inline ek_turn_t ek_turn_f32(float x)
{
    static const uint32_t two_over_pi[] = {0,          0xA2F9836E, 0x4E441529, 0xFC2757D1,
                                           0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB};
    const uint32_t bits = ek_bits_of(x) & 0x7FFFFFFF;
    if (bits < 0x3F490FDB) return (ek_turn_t){x, 0}; /* below pi/4 */
    const int32_t e = (int32_t)(bits >> 23) - 150;
    const uint32_t *word = two_over_pi + (e + 30) / 32;
    const int32_t skip = (e + 30) % 32;
    uint64_t window = (uint64_t)word[0] << 32 | word[1];
    if (skip) window = window << skip | word[2] >> (32 - skip);
    const uint64_t turned = ((bits & 0x007FFFFF) | 0x00800000) * window;
    const uint32_t quarters = (uint32_t)((turned + (UINT64_C(1) << 61)) >> 62);
    const float rest = (float)(int64_t)(turned << 2) * (1.57079633f / 18446744073709551616.0f);
    return x < 0.0f ? (ek_turn_t){-rest, (0u - quarters) & 3} : (ek_turn_t){rest, quarters & 3};
}

/* Taylor's series, where |x| <= pi/4. */
static inline float ek_sin_small(float x)
{
    const float t = x * x;
    const float tail = ((1.0f / 362880 * t - 1.0f / 5040) * t + 1.0f / 120) * t - 1.0f / 6;
    return x + x * t * tail;
}

static inline float ek_cos_small(float x)
{
    const float t = x * x;
    const float tail = ((-1.0f / 3628800 * t + 1.0f / 40320) * t - 1.0f / 720) * t + 1.0f / 24;
    return 1.0f - 0.5f * t + t * t * tail;
}

/* The sine `ahead` quarters further: 0 for the sine, 1 for the cosine. */
static inline float ek_sin_f32(float x, uint32_t ahead)
{
    if (!(x - x == 0.0f)) return NAN;
    const ek_turn_t turn = ek_turn_f32(x);
    const uint32_t quarters = turn.quarters + ahead;
    const float y = quarters & 1 ? ek_cos_small(turn.rest) : ek_sin_small(turn.rest);
    return quarters & 2 ? -y : y;
}

#endif
