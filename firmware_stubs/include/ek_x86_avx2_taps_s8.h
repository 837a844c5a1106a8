/* ek_x86_avx2_taps_s8.h - windows of a depthwise convolution, eight channels at a time: VPMADDWD of
 * two taps' activations with their weights. The last eight channels overlap those before. */
#ifndef EK_X86_AVX2_TAPS_S8_H
#define EK_X86_AVX2_TAPS_S8_H

#include "ek_x86_avx2_s8.h"

#if EK_X86

EK_X86_AVX2 static inline __m128i ek_avx2_eight(const int8_t *from)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)from);
}

/* Eight channels of two taps, beside each other and widened. */
EK_X86_AVX2 static inline __m256i ek_avx2_pairs(const int8_t *a, const int8_t *b)
{
    return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(ek_avx2_eight(a), ek_avx2_eight(b)));
}

EK_X86_AVX2
static inline __m256i ek_avx2_window(const ek_x86_taps_t *t, int32_t at, const int8_t *w)
{
    __m256i sum = _mm256_setzero_si256();
    for (int32_t k = 0; k < 2 * t->pairs; k += 2, w += 2 * t->channels) {
        const __m128i narrow = _mm_loadu_si128((const __m128i *)(const void *)w);
        const __m256i x = ek_avx2_pairs(t->taps[k] + at, t->taps[k + 1] + at);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, _mm256_cvtepi8_epi16(narrow)));
    }
    return sum;
}

EK_X86_AVX2
static inline void ek_avx2_taps(const ek_x86_taps_t *t, const int8_t *weights,
                                const int32_t *factors, int8_t *output)
{
    for (int32_t o = 0; o < t->channels; o += EK_AVX2_HALF) {
        const int32_t c = ek_min(o, t->channels - EK_AVX2_HALF);
        const ek_avx2_factors_t q = ek_avx2_factors(factors + c, t->channels);
        for (int32_t i = 0; i < t->windows; i++) {
            const __m256i sum = ek_avx2_window(t, i * t->step + c, weights + 2 * c);
            const __m256i y = ek_avx2_finish(sum, q, t->zero, t->low, t->high);
            ek_avx2_store(output + i * t->channels + c, y, EK_AVX2_HALF);
        }
    }
}

#else

static inline void ek_avx2_taps(const ek_x86_taps_t *t, const int8_t *weights,
                                const int32_t *factors, int8_t *output)
{
    ek_taps_plain_s8__x86(t, weights, factors, output);
}

#endif

#endif
