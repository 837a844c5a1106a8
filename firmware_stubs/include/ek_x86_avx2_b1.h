/* ek_x86_avx2_b1.h - bits of nibbles are looked up (VPSHUFB) and added in bytes, which are added up
 * for each channel before they overflow (Mula's method). */
#ifndef EK_X86_AVX2_B1_H
#define EK_X86_AVX2_B1_H

#include "ek_kernels_x86_b1.h"
#include "ek_lanes_b1.h"
#include "ek_x86.h"

#if EK_X86

enum { EK_AVX2_LANES = 8, EK_AVX2_WORDS = 31 /* of up to 8 bits in a byte */ };

EK_X86_AVX2 static inline __m256i ek_x86_avx2_bits_of_nibbles(void)
{
    return _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
                            0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
}

/* Bits that differ, added byte by byte. */
EK_X86_AVX2 static inline __m256i ek_x86_avx2_add_differing(__m256i sum, __m256i w, uint32_t x)
{
    const __m256i table = ek_x86_avx2_bits_of_nibbles(), nibble = _mm256_set1_epi8(15);
    const __m256i differ = _mm256_xor_si256(w, _mm256_set1_epi32((int)x));
    const __m256i low = _mm256_and_si256(differ, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(differ, 4), nibble);
    const __m256i bits = _mm256_add_epi8(_mm256_shuffle_epi8(table, low),
                                         _mm256_shuffle_epi8(table, high));
    return _mm256_add_epi8(sum, bits);
}

/* Adds the four bytes of each channel to its count. */
EK_X86_AVX2
static inline void ek_x86_avx2_add_bytes(uint16_t *counts, __m256i bytes)
{
    __m128i *const to = (__m128i *)(void *)counts;
    const __m256i pairs = _mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1));
    const __m256i sums = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    const __m128i low = _mm256_castsi256_si128(sums), high = _mm256_extracti128_si256(sums, 1);
    _mm_storeu_si128(to, _mm_add_epi16(_mm_loadu_si128(to), _mm_packs_epi32(low, high)));
}

EK_X86_AVX2 static inline __m256i ek_x86_avx2_load(const uint32_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

/* Half a block of four windows; at most EK_AVX2_WORDS words. */
EK_X86_AVX2
static inline void ek_x86_avx2_count_four(const uint32_t *x, const uint32_t *weights,
                                          int32_t words, uint16_t *counts)
{
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
    for (const uint32_t *end = x + 4 * words; x < end; x += 4, weights += EK_LANES_B1) {
        const __m256i w = ek_x86_avx2_load(weights);
        a = ek_x86_avx2_add_differing(a, w, x[0]);
        b = ek_x86_avx2_add_differing(b, w, x[1]);
        c = ek_x86_avx2_add_differing(c, w, x[2]);
        d = ek_x86_avx2_add_differing(d, w, x[3]);
    }
    ek_x86_avx2_add_bytes(counts, a);
    ek_x86_avx2_add_bytes(counts + EK_LANES_B1, b);
    ek_x86_avx2_add_bytes(counts + 2 * EK_LANES_B1, c);
    ek_x86_avx2_add_bytes(counts + 3 * EK_LANES_B1, d);
}

/* A block of one window; at most EK_AVX2_WORDS words. */
EK_X86_AVX2
static inline void ek_x86_avx2_count_one(const uint32_t *x, const uint32_t *weights, int32_t words,
                                         uint16_t *counts)
{
    __m256i a = _mm256_setzero_si256(), b = a;
    for (const uint32_t *end = x + words; x < end; x++, weights += EK_LANES_B1) {
        a = ek_x86_avx2_add_differing(a, ek_x86_avx2_load(weights), *x);
        b = ek_x86_avx2_add_differing(b, ek_x86_avx2_load(weights + EK_AVX2_LANES), *x);
    }
    ek_x86_avx2_add_bytes(counts, a);
    ek_x86_avx2_add_bytes(counts + EK_AVX2_LANES, b);
}

EK_X86_AVX2
static inline void ek_x86_avx2_count_block(const uint32_t *windows, int32_t stride,
                                           const uint32_t *weights, int32_t words,
                                           uint16_t *counts)
{
    for (int32_t i = 0; i < stride * EK_LANES_B1; i++) counts[i] = 0;
    for (int32_t k = 0; k < words; k += EK_AVX2_WORDS) {
        const int32_t taken = ek_min(words - k, EK_AVX2_WORDS);
        const uint32_t *const x = windows + k * stride, *const w = weights + k * EK_LANES_B1;
        if (stride == 1) {
            ek_x86_avx2_count_one(x, w, taken, counts);
        } else {
            ek_x86_avx2_count_four(x, w, taken, counts);
            ek_x86_avx2_count_four(x, w + EK_AVX2_LANES, taken, counts + EK_AVX2_LANES);
        }
    }
}

EK_X86_AVX2
static inline void ek_x86_avx2_count(const uint32_t *windows, int32_t stride,
                                     const uint32_t *weights, int32_t words, int32_t blocks,
                                     uint16_t *counts)
{
    for (int32_t block = 0; block < blocks; block++) {
        ek_x86_avx2_count_block(windows, stride, weights, words, counts);
        weights += words * EK_LANES_B1;
        counts += stride * EK_LANES_B1;
    }
}

#else

static inline void ek_x86_avx2_count(const uint32_t *windows, int32_t stride,
                                  const uint32_t *weights, int32_t words, int32_t blocks,
                                  uint16_t *counts)
{
    ek_count_plain_b1__x86(windows, stride, weights, words, blocks, counts);
}

#endif

#endif
