/* ek_x86_avx2_s8.h - int8 products and requantization with AVX2.
 *
 * Products of int16 are added in pairs (VPMADDWD), so bytes are widened first; a pair of two
 * bytes' products would not fit VPMADDUBSW's int16.
 */
#ifndef EK_X86_AVX2_S8_H
#define EK_X86_AVX2_S8_H

#include "ek_x86.h"
#include "ek_x86_s8.h"

#if EK_X86

enum { EK_AVX2_HALF = 8 /* channels */ };

/* Eight channels: what is added to sums, what they are multiplied with and shifted by. */
typedef struct {
    __m256i bias, multiplier, left, right;
} ek_avx2_factors_t;

EK_X86_AVX2 static inline __m256i ek_avx2_load(const int32_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

/* From rows of `channels` biases, multipliers and shifts. */
EK_X86_AVX2 static inline ek_avx2_factors_t ek_avx2_factors(const int32_t *from, int32_t channels)
{
    return (ek_avx2_factors_t){
        ek_avx2_load(from), ek_avx2_load(from + channels), ek_avx2_load(from + 2 * channels),
        ek_avx2_load(from + 3 * channels),
    };
}

/* One factor for all lanes, and nothing added. */
EK_X86_AVX2 static inline ek_avx2_factors_t ek_avx2_factor(ek_requant_t q)
{
    return (ek_avx2_factors_t){
        _mm256_setzero_si256(), _mm256_set1_epi32(q.multiplier),
        _mm256_set1_epi32(ek_max(q.shift, 0)), _mm256_set1_epi32(ek_max(-q.shift, 0)),
    };
}

/* As ek_doubling_high_mul, for multipliers of 0 and more. */
EK_X86_AVX2 static inline __m256i ek_avx2_doubling_high_mul(__m256i a, __m256i b)
{
    const __m256i half = _mm256_set1_epi64x(INT64_C(1) << 30);
    const __m256i even = _mm256_mul_epi32(a, b);
    const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
    const __m256i low = _mm256_srli_epi64(_mm256_add_epi64(even, half), 31);
    const __m256i high = _mm256_slli_epi64(_mm256_add_epi64(odd, half), 1);
    return _mm256_blend_epi32(low, high, 0xAA);
}

/* As ek_rounding_shift_right. */
EK_X86_AVX2 static inline __m256i ek_avx2_rounding_shift_right(__m256i x, __m256i right)
{
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
    const __m256i threshold =
        _mm256_add_epi32(_mm256_srli_epi32(mask, 1), _mm256_srli_epi32(x, 31));
    const __m256i above = _mm256_cmpgt_epi32(_mm256_and_si256(x, mask), threshold);
    return _mm256_sub_epi32(_mm256_srav_epi32(x, right), above);
}

/* As ek_requant, of x and what is added to it. */
EK_X86_AVX2 static inline __m256i ek_avx2_requant(__m256i x, ek_avx2_factors_t q)
{
    const __m256i shifted = _mm256_sllv_epi32(_mm256_add_epi32(x, q.bias), q.left);
    return ek_avx2_rounding_shift_right(ek_avx2_doubling_high_mul(shifted, q.multiplier), q.right);
}

/* Eight sums as outputs in 32 bits. */
EK_X86_AVX2
static inline __m256i ek_avx2_finish(__m256i sum, ek_avx2_factors_t q, int32_t zero, int32_t low,
                                     int32_t high)
{
    const __m256i y = _mm256_add_epi32(ek_avx2_requant(sum, q), _mm256_set1_epi32(zero));
    return _mm256_max_epi32(_mm256_min_epi32(y, _mm256_set1_epi32(high)), _mm256_set1_epi32(low));
}

/* Values within int8, narrowed: eight bytes, twice. */
EK_X86_AVX2 static inline __m128i ek_avx2_bytes(__m256i y)
{
    const __m128i low = _mm256_castsi256_si128(y), high = _mm256_extracti128_si256(y, 1);
    const __m128i words = _mm_packs_epi32(low, high);
    return _mm_packs_epi16(words, words);
}

/* Stores the first `count` of eight outputs. */
EK_X86_AVX2 static inline void ek_avx2_store(int8_t *to, __m256i y, int32_t count)
{
    const __m128i bytes = ek_avx2_bytes(y);
    if (count >= EK_AVX2_HALF) {
        _mm_storel_epi64((__m128i *)(void *)to, bytes);
    } else {
        int8_t some[EK_X86_BLOCK];
        _mm_storeu_si128((__m128i *)(void *)some, bytes);
        memcpy(to, some, (size_t)ek_max(count, 0));
    }
}

#endif

#endif
