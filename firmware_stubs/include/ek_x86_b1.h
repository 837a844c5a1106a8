/* ek_x86_b1.h - packing signs, and how convolutions of them end, 16 channels at a time, with what
 * every x86-64 has (SSE2), or in plain C on other processors. */
#ifndef EK_X86_B1_H
#define EK_X86_B1_H

#include <string.h>

#include "ek_lanes_b1.h"
#include "ek_x86.h"

#if EK_X86

/* Bit l of the result: x[l] < zero, for 32 channels. */
static inline uint32_t ek_x86_signs(const int8_t *x, int32_t zero)
{
    const __m128i least = _mm_set1_epi8((int8_t)zero);
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)x);
    const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(x + 16));
    const uint32_t first = (uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(low, least));
    return first | (uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(high, least)) << 16;
}

/* -1 in each half-word where counts[l] >= least[l]. */
static inline __m128i ek_x86_reached(const uint16_t *counts, const uint16_t *least)
{
    const __m128i count = _mm_loadu_si128((const __m128i *)(const void *)counts);
    const __m128i wanted = _mm_loadu_si128((const __m128i *)(const void *)least);
    return _mm_cmpeq_epi16(_mm_subs_epu16(wanted, count), _mm_setzero_si128());
}

/* Bit l of the result: counts[l] >= least[l]. */
static inline uint32_t ek_x86_negative(const uint16_t *counts, const uint16_t *least)
{
    const __m128i low = ek_x86_reached(counts, least);
    const __m128i high = ek_x86_reached(counts + 8, least + 8);
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
}

/* Four channels as ek_b1_real; integers below 2^24 stay exact. */
static inline __m128 ek_x86_real(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                 const float *multiplier, const float *bias)
{
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)counts);
    const __m128i count = _mm_unpacklo_epi16(bytes, _mm_setzero_si128());
    const __m128 twice = _mm_cvtepi32_ps(_mm_add_epi32(count, count));
    const __m128 raised = _mm_max_ps(twice, _mm_set1_ps((float)p->acc2_min));
    const __m128 clamped = _mm_min_ps(raised, _mm_set1_ps((float)p->acc2_max));
    const __m128 scaled = _mm_mul_ps(clamped, _mm_loadu_ps(multiplier));
    return _mm_add_ps(scaled, _mm_loadu_ps(bias));
}

/* As ek_b1_round: x - trunc(x) is exact, and masks are -1. */
static inline __m128i ek_x86_round(__m128 x)
{
    const __m128 y = _mm_min_ps(_mm_max_ps(x, _mm_set1_ps(-128.0f)), _mm_set1_ps(127.0f));
    const __m128i whole = _mm_cvttps_epi32(y);
    const __m128 fraction = _mm_sub_ps(y, _mm_cvtepi32_ps(whole));
    const __m128i up = _mm_castps_si128(_mm_cmpge_ps(fraction, _mm_set1_ps(0.5f)));
    const __m128i down = _mm_castps_si128(_mm_cmple_ps(fraction, _mm_set1_ps(-0.5f)));
    return _mm_add_epi32(_mm_sub_epi32(whole, up), down);
}

static inline __m128i ek_x86_whole(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                   const float *multiplier, const float *bias)
{
    return ek_x86_round(ek_x86_real(p, counts, multiplier, bias));
}

/* 16 channels. */
static inline void ek_x86_finish_s8(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                    const float *multiplier, const float *bias, int8_t *y)
{
    const __m128i a = ek_x86_whole(p, counts, multiplier, bias);
    const __m128i b = ek_x86_whole(p, counts + 4, multiplier + 4, bias + 4);
    const __m128i c = ek_x86_whole(p, counts + 8, multiplier + 8, bias + 8);
    const __m128i d = ek_x86_whole(p, counts + 12, multiplier + 12, bias + 12);
    const __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
    _mm_storeu_si128((__m128i *)(void *)y, bytes);
}

static inline void ek_x86_finish_f32(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                     const float *multiplier, const float *bias, float *y)
{
    for (int i = 0; i < EK_LANES_B1; i += 4) {
        _mm_storeu_ps(y + i, ek_x86_real(p, counts + i, multiplier + i, bias + i));
    }
}

#else

static inline uint32_t ek_x86_signs(const int8_t *x, int32_t zero)
{
    uint32_t bits = 0;
    for (int l = 0; l < EK_B1_WORD; l++) bits |= (uint32_t)(x[l] < zero) << l;
    return bits;
}

static inline uint32_t ek_x86_negative(const uint16_t *counts, const uint16_t *least)
{
    uint32_t bits = 0;
    for (int l = 0; l < EK_LANES_B1; l++) bits |= (uint32_t)(counts[l] >= least[l]) << l;
    return bits;
}

static inline void ek_x86_finish_s8(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                    const float *multiplier, const float *bias, int8_t *y)
{
    for (int l = 0; l < EK_LANES_B1; l++) y[l] = ek_b1_s8(p, counts[l], multiplier[l], bias[l]);
}

static inline void ek_x86_finish_f32(const ek_conv2d_b1_t *p, const uint16_t *counts,
                                     const float *multiplier, const float *bias, float *y)
{
    for (int l = 0; l < EK_LANES_B1; l++) y[l] = ek_b1_real(p, counts[l], multiplier[l], bias[l]);
}

#endif

#endif
