/* ek_x86_avx2_sum_s8.h - one run of sums or differences, eight at a time: both operands are brought
 * to one scale, twice the larger, before they are added. */
#ifndef EK_X86_AVX2_SUM_S8_H
#define EK_X86_AVX2_SUM_S8_H

#include "ek_x86_avx2_s8.h"

#if EK_X86

/* An operand's scale and zero point, and what it is shifted by before. */
typedef struct {
    ek_avx2_factors_t q;
    __m256i zero;
    int32_t left_shift;
} ek_avx2_scale_t;

EK_X86_AVX2
static inline ek_avx2_scale_t ek_avx2_scale(ek_requant_t q, int32_t zero, int32_t left_shift)
{
    return (ek_avx2_scale_t){ek_avx2_factor(q), _mm256_set1_epi32(zero), left_shift};
}

/* Up to eight elements; what repeats (a step of 0) is one. */
EK_X86_AVX2 static inline __m256i ek_avx2_operand(const int8_t *x, int32_t step, int32_t count)
{
    int8_t some[EK_AVX2_HALF] = {0};
    if (step == 0) return _mm256_set1_epi32(*x);
    if (count < EK_AVX2_HALF) x = memcpy(some, x, (size_t)count);
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)x));
}

EK_X86_AVX2 static inline __m256i ek_avx2_scaled(__m256i x, ek_avx2_scale_t scale)
{
    const __m256i moved = _mm256_slli_epi32(_mm256_sub_epi32(x, scale.zero), scale.left_shift);
    return ek_avx2_requant(moved, scale.q);
}

EK_X86_AVX2
static inline void ek_avx2_sum(const void *context, ek_run_t run, const int8_t *a, const int8_t *b,
                               int8_t *output)
{
    const ek_x86_sum_t *const t = context;
    const ek_binary_s8_t *const p = t->p;
    const ek_avx2_scale_t of_a = ek_avx2_scale(p->a_q, p->a_zero, p->left_shift);
    const ek_avx2_scale_t of_b = ek_avx2_scale(p->b_q, p->b_zero, p->left_shift);
    const ek_avx2_factors_t q = ek_avx2_factor(p->output_q);
    const __m256i sign = _mm256_set1_epi32(t->sign);
    for (int32_t i = 0; i < run.count; i += EK_AVX2_HALF) {
        const int32_t left = run.count - i;
        const __m256i x = ek_avx2_operand(a + i * run.a_step, run.a_step, left);
        const __m256i y = ek_avx2_operand(b + i * run.b_step, run.b_step, left);
        const __m256i other = _mm256_sign_epi32(ek_avx2_scaled(y, of_b), sign);
        const __m256i sum = _mm256_add_epi32(ek_avx2_scaled(x, of_a), other);
        ek_avx2_store(output + i,
                      ek_avx2_finish(sum, q, p->output_zero, p->act_min, p->act_max), left);
    }
}

#else

static inline void ek_avx2_sum(const void *context, ek_run_t run, const int8_t *a, const int8_t *b,
                               int8_t *output)
{
    ek_sum_plain_s8__x86(context, run, a, b, output);
}

#endif

#endif
