/* ek_x86_avx512_dense_s8.h - eight rows by 16 channels at a time: one VPDPBUSD multiplies four
 * activations with those weights of each channel. */
#ifndef EK_X86_AVX512_DENSE_S8_H
#define EK_X86_AVX512_DENSE_S8_H

#include "ek_x86.h"
#include "ek_x86_s8.h"

#if EK_X86

#define EK_X86_AVX512_VNNI __attribute__((target("avx512f,avx512vnni")))

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

/* As ek_avx2_factors_t, for 16 channels. */
typedef struct {
    __m512i bias, multiplier, left, right;
} ek_avx512_factors_t;

/* As ek_doubling_high_mul, for multipliers of 0 and more. */
EK_X86_AVX512_VNNI static inline __m512i ek_avx512_doubling_high_mul(__m512i a, __m512i b)
{
    const __m512i half = _mm512_set1_epi64(INT64_C(1) << 30);
    const __m512i even = _mm512_mul_epi32(a, b);
    const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));
    const __m512i low = _mm512_srli_epi64(_mm512_add_epi64(even, half), 31);
    const __m512i high = _mm512_slli_epi64(_mm512_add_epi64(odd, half), 1);
    return _mm512_mask_blend_epi32(0xAAAA, low, high);
}

/* As ek_rounding_shift_right. */
EK_X86_AVX512_VNNI static inline __m512i ek_avx512_rounding_shift_right(__m512i x, __m512i right)
{
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, right), one);
    const __m512i threshold =
        _mm512_add_epi32(_mm512_srli_epi32(mask, 1), _mm512_srli_epi32(x, 31));
    const __mmask16 above = _mm512_cmpgt_epi32_mask(_mm512_and_si512(x, mask), threshold);
    const __m512i y = _mm512_srav_epi32(x, right);
    return _mm512_mask_add_epi32(y, above, y, one);
}

/* 16 outputs of one row. */
EK_X86_AVX512_VNNI
static inline __m128i ek_avx512_finish(const ek_x86_rows_t *t, __m512i sum, ek_avx512_factors_t q)
{
    const __m512i x = _mm512_sllv_epi32(_mm512_add_epi32(sum, q.bias), q.left);
    const __m512i high = ek_avx512_doubling_high_mul(x, q.multiplier);
    const __m512i y = _mm512_add_epi32(ek_avx512_rounding_shift_right(high, q.right),
                                       _mm512_set1_epi32(t->zero));
    const __m512i least = _mm512_max_epi32(y, _mm512_set1_epi32(t->low));
    return _mm512_cvtepi32_epi8(_mm512_min_epi32(least, _mm512_set1_epi32(t->high)));
}

/* Stores the first `count` of 16 outputs. */
EK_X86_AVX512_VNNI
static inline void ek_avx512_store(int8_t *to, __m128i y, int32_t count)
{
    if (count >= EK_X86_BLOCK) {
        _mm_storeu_si128((__m128i *)(void *)to, y);
    } else {
        int8_t some[EK_X86_BLOCK];
        _mm_storeu_si128((__m128i *)(void *)some, y);
        memcpy(to, some, (size_t)count);
    }
}

EK_X86_AVX512_VNNI
static inline void ek_avx512_dense(const ek_x86_rows_t *t, const int8_t *weights,
                                   const int32_t *factors, int8_t *output)
{
    for (int32_t o = 0; o < t->channels; o += EK_X86_BLOCK) {
        const ek_avx512_factors_t q = {
            _mm512_loadu_si512(factors), _mm512_loadu_si512(factors + EK_X86_BLOCK),
            _mm512_loadu_si512(factors + 2 * EK_X86_BLOCK),
            _mm512_loadu_si512(factors + 3 * EK_X86_BLOCK),
        };
        __m512i sum[EK_X86_ROWS];
        if (t->rows == 1) {
            sum[0] = ek_avx512_multiply_one(t->x[0], weights, t->quads);
        } else {
            ek_avx512_multiply_eight(t->x, weights, t->quads, sum);
        }
        for (int32_t r = 0; r < t->rows; r++) {
            ek_avx512_store(output + r * t->channels + o, ek_avx512_finish(t, sum[r], q),
                            t->channels - o);
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
