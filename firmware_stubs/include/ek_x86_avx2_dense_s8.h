/* ek_x86_avx2_dense_s8.h - four rows by eight channels at a time: VPMADDWD of four widened
 * activations with those weights of four channels. */
#ifndef EK_X86_AVX2_DENSE_S8_H
#define EK_X86_AVX2_DENSE_S8_H

#include "ek_x86_avx2_s8.h"

#if EK_X86

enum { EK_AVX2_ROWS = 4 };

/* Sums of eight channels: those of the first four in pairs, and of the last four. */
typedef struct {
    __m256i low, high;
} ek_avx2_sums_t;

EK_X86_AVX2 static inline __m256i ek_avx2_widened(const int8_t *weights)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)weights));
}

EK_X86_AVX2
static inline ek_avx2_sums_t ek_avx2_add(ek_avx2_sums_t sum, const uint8_t *x, __m256i low,
                                         __m256i high)
{
    const __m256i quad = _mm256_cvtepu8_epi16(_mm_set1_epi32(ek_x86_quad(x)));
    sum.low = _mm256_add_epi32(sum.low, _mm256_madd_epi16(quad, low));
    sum.high = _mm256_add_epi32(sum.high, _mm256_madd_epi16(quad, high));
    return sum;
}

/* One sum a channel. */
EK_X86_AVX2 static inline __m256i ek_avx2_total(ek_avx2_sums_t sum)
{
    return _mm256_permute4x64_epi64(_mm256_hadd_epi32(sum.low, sum.high), 0xD8);
}

/* Not inlined, so that its loop has the registers. */
EK_X86_AVX2
static __attribute__((noinline)) void ek_avx2_multiply_four(const uint8_t *const x[EK_AVX2_ROWS],
                                                            const int8_t *weights, int32_t quads,
                                                            __m256i total_of[EK_AVX2_ROWS])
{
    const __m256i zero = _mm256_setzero_si256();
    ek_avx2_sums_t a = {zero, zero}, b = a, c = a, d = a;
    for (int32_t i = 0; i < 4 * quads; i += 4, weights += 4 * EK_X86_BLOCK) {
        const __m256i low = ek_avx2_widened(weights), high = ek_avx2_widened(weights + 16);
        a = ek_avx2_add(a, x[0] + i, low, high);
        b = ek_avx2_add(b, x[1] + i, low, high);
        c = ek_avx2_add(c, x[2] + i, low, high);
        d = ek_avx2_add(d, x[3] + i, low, high);
    }
    total_of[0] = ek_avx2_total(a), total_of[1] = ek_avx2_total(b);
    total_of[2] = ek_avx2_total(c), total_of[3] = ek_avx2_total(d);
}

EK_X86_AVX2
static inline __m256i ek_avx2_multiply_one(const uint8_t *x, const int8_t *weights, int32_t quads)
{
    const __m256i zero = _mm256_setzero_si256();
    ek_avx2_sums_t sum = {zero, zero};
    for (int32_t i = 0; i < 4 * quads; i += 4, weights += 4 * EK_X86_BLOCK) {
        sum = ek_avx2_add(sum, x + i, ek_avx2_widened(weights), ek_avx2_widened(weights + 16));
    }
    return ek_avx2_total(sum);
}

/* Eight channels, from `first`, of all rows. */
EK_X86_AVX2
static void ek_avx2_multiply(const ek_x86_rows_t *t, int32_t first, const int8_t *weights,
                             const int32_t *factors, int8_t *output)
{
    const ek_avx2_factors_t q = ek_avx2_factors(factors, EK_X86_BLOCK);
    const int32_t count = t->channels - first;
    for (int32_t r = 0; r < t->rows; r += EK_AVX2_ROWS) {
        const int32_t rows = ek_min(EK_AVX2_ROWS, t->rows - r);
        __m256i sum[EK_AVX2_ROWS];
        if (rows == 1) {
            sum[0] = ek_avx2_multiply_one(t->x[r], weights, t->quads);
        } else {
            ek_avx2_multiply_four(t->x + r, weights, t->quads, sum);
        }
        for (int32_t k = 0; k < rows; k++) {
            ek_avx2_store(output + (r + k) * t->channels + first,
                          ek_avx2_finish(sum[k], q, t->zero, t->low, t->high), count);
        }
    }
}

EK_X86_AVX2
static inline void ek_avx2_dense(const ek_x86_rows_t *t, const int8_t *weights,
                                 const int32_t *factors, int8_t *output)
{
    for (int32_t o = 0; o < t->channels; o += EK_AVX2_HALF) {
        const int32_t half = o % EK_X86_BLOCK;
        ek_avx2_multiply(t, o, weights + 4 * half, factors + half, output);
        if (half) {
            weights += t->quads * 4 * EK_X86_BLOCK;
            factors += 4 * EK_X86_BLOCK;
        }
    }
}

#else

static inline void ek_avx2_dense(const ek_x86_rows_t *t, const int8_t *weights,
                                 const int32_t *factors, int8_t *output)
{
    ek_dense_plain_s8__x86(t, weights, factors, output);
}

#endif

#endif
