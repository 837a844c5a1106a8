/* ek_x86_avx512_b1.h - one exclusive or, VPOPCNTD and addition for a word of 16 channels. */
#ifndef EK_X86_AVX512_B1_H
#define EK_X86_AVX512_B1_H

#include "ek_kernels_x86_b1.h"
#include "ek_lanes_b1.h"
#include "ek_x86.h"

#if EK_X86

#define EK_X86_AVX512 __attribute__((target("avx512f,avx512vpopcntdq")))

EK_X86_AVX512 static inline __m512i ek_x86_avx512_add_differing(__m512i sum, __m512i w, uint32_t x)
{
    const __m512i differ = _mm512_xor_si512(w, _mm512_set1_epi32((int)x));
    return _mm512_add_epi32(sum, _mm512_popcnt_epi32(differ));
}

EK_X86_AVX512
static inline void ek_x86_avx512_store(uint16_t *counts, __m512i sum)
{
    _mm256_storeu_si256((__m256i *)(void *)counts, _mm512_cvtepi32_epi16(sum));
}

EK_X86_AVX512
static inline void ek_x86_avx512_count_four(const uint32_t *x, const uint32_t *weights,
                                            int32_t words, uint16_t *counts)
{
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    for (const uint32_t *end = x + 4 * words; x < end; x += 4, weights += EK_LANES_B1) {
        const __m512i w = _mm512_loadu_si512(weights);
        a = ek_x86_avx512_add_differing(a, w, x[0]);
        b = ek_x86_avx512_add_differing(b, w, x[1]);
        c = ek_x86_avx512_add_differing(c, w, x[2]);
        d = ek_x86_avx512_add_differing(d, w, x[3]);
    }
    ek_x86_avx512_store(counts, a);
    ek_x86_avx512_store(counts + EK_LANES_B1, b);
    ek_x86_avx512_store(counts + 2 * EK_LANES_B1, c);
    ek_x86_avx512_store(counts + 3 * EK_LANES_B1, d);
}

EK_X86_AVX512
static inline void ek_x86_avx512_count_one(const uint32_t *x, const uint32_t *weights,
                                           int32_t words, uint16_t *counts)
{
    __m512i sum = _mm512_setzero_si512();
    for (const uint32_t *end = x + words; x < end; x++, weights += EK_LANES_B1) {
        sum = ek_x86_avx512_add_differing(sum, _mm512_loadu_si512(weights), *x);
    }
    ek_x86_avx512_store(counts, sum);
}

EK_X86_AVX512
static inline void ek_x86_avx512_count(const uint32_t *windows, int32_t stride,
                                       const uint32_t *weights, int32_t words, int32_t blocks,
                                       uint16_t *counts)
{
    for (int32_t block = 0; block < blocks; block++) {
        if (stride == 1) {
            ek_x86_avx512_count_one(windows, weights, words, counts);
        } else {
            ek_x86_avx512_count_four(windows, weights, words, counts);
        }
        weights += words * EK_LANES_B1;
        counts += stride * EK_LANES_B1;
    }
}

#else

static inline void ek_x86_avx512_count(const uint32_t *windows, int32_t stride,
                                  const uint32_t *weights, int32_t words, int32_t blocks,
                                  uint16_t *counts)
{
    ek_count_plain_b1__x86(windows, stride, weights, words, blocks, counts);
}

#endif

#endif
