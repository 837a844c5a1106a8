/* ek_x86_avx512_dense_s8.h - eight rows by 16 channels at a time: one VPDPBUSD multiplies four
 * activations with those weights of each channel. */
#ifndef EK_X86_AVX512_DENSE_S8_H
#define EK_X86_AVX512_DENSE_S8_H

#include "ek_x86_avx2_s8.h"

#if EK_X86

#define EK_X86_AVX512_VNNI __attribute__((target("avx2,avx512f,avx512vnni")))

EK_X86_AVX512_VNNI
static inline __m512i ek_avx512_add(__m512i sum, const uint8_t *x, __m512i weights)
{
    return _mm512_dpbusd_epi32(sum, _mm512_set1_epi32(ek_x86_quad(x)), weights);
}

EK_X86_AVX512_VNNI
static inline void ek_avx512_multiply_eight(const uint8_t *const x[EK_X86_ROWS],
                                            const int8_t *weights, int32_t quads,
                                            __m512i sum[EK_X86_ROWS])
{
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    for (int32_t i = 0; i < 4 * quads; i += 4, weights += 4 * EK_X86_BLOCK) {
        const __m512i w = _mm512_loadu_si512(weights);
        a = ek_avx512_add(a, x[0] + i, w), b = ek_avx512_add(b, x[1] + i, w);
        c = ek_avx512_add(c, x[2] + i, w), d = ek_avx512_add(d, x[3] + i, w);
        e = ek_avx512_add(e, x[4] + i, w), f = ek_avx512_add(f, x[5] + i, w);
        g = ek_avx512_add(g, x[6] + i, w), h = ek_avx512_add(h, x[7] + i, w);
    }
    sum[0] = a, sum[1] = b, sum[2] = c, sum[3] = d;
    sum[4] = e, sum[5] = f, sum[6] = g, sum[7] = h;
}

/* One row; four sums, so that additions need not wait for each other. */
EK_X86_AVX512_VNNI
static inline __m512i ek_avx512_multiply_one(const uint8_t *x, const int8_t *weights, int32_t quads)
{
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    const int8_t *const end = weights + quads * 4 * EK_X86_BLOCK;
    for (int32_t k = 0; k < quads / 4; k++, x += 16, weights += 256) {
        a = ek_avx512_add(a, x, _mm512_loadu_si512(weights));
        b = ek_avx512_add(b, x + 4, _mm512_loadu_si512(weights + 64));
        c = ek_avx512_add(c, x + 8, _mm512_loadu_si512(weights + 128));
        d = ek_avx512_add(d, x + 12, _mm512_loadu_si512(weights + 192));
    }
    for (; weights < end; x += 4, weights += 64) {
        a = ek_avx512_add(a, x, _mm512_loadu_si512(weights));
    }
    return _mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d));
}

/* 16 channels of one row, `count` of them wanted. */
EK_X86_AVX512_VNNI
static inline void ek_avx512_store(const ek_x86_rows_t *t, __m512i sum,
                                   const ek_avx2_factors_t q[2], int32_t count, int8_t *output)
{
    const __m256i low = _mm512_castsi512_si256(sum), high = _mm512_extracti64x4_epi64(sum, 1);
    ek_avx2_store(output, ek_avx2_finish(low, q[0], t->zero, t->low, t->high), count);
    if (count <= EK_AVX2_HALF) return;
    ek_avx2_store(output + EK_AVX2_HALF, ek_avx2_finish(high, q[1], t->zero, t->low, t->high),
                  count - EK_AVX2_HALF);
}

EK_X86_AVX512_VNNI
static inline void ek_avx512_dense(const ek_x86_rows_t *t, const int8_t *weights,
                                   const int32_t *factors, int8_t *output)
{
    for (int32_t o = 0; o < t->channels; o += EK_X86_BLOCK) {
        const ek_avx2_factors_t q[2] = {
            ek_avx2_factors(factors, EK_X86_BLOCK),
            ek_avx2_factors(factors + EK_AVX2_HALF, EK_X86_BLOCK),
        };
        __m512i sum[EK_X86_ROWS];
        if (t->rows == 1) {
            sum[0] = ek_avx512_multiply_one(t->x[0], weights, t->quads);
        } else {
            ek_avx512_multiply_eight(t->x, weights, t->quads, sum);
        }
        for (int32_t r = 0; r < t->rows; r++) {
            ek_avx512_store(t, sum[r], q, t->channels - o, output + r * t->channels + o);
        }
        weights += t->quads * 4 * EK_X86_BLOCK;
        factors += 4 * EK_X86_BLOCK;
    }
}

#else

static inline void ek_avx512_dense(const ek_x86_rows_t *t, const int8_t *weights,
                                   const int32_t *factors, int8_t *output)
{
    ek_dense_plain_s8__x86(t, weights, factors, output);
}

#endif

#endif
