/* ek_x86_best_s8.h - which way to multiply bytes the processor that runs this has. */
#ifndef EK_X86_BEST_S8_H
#define EK_X86_BEST_S8_H

#include "ek_kernels_x86.h"
#include "ek_x86.h"

#if EK_X86

static inline ek_x86_dense_t *ek_x86_best_dense(void)
{
    const int has_avx2 = __builtin_cpu_supports("avx2");
    if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni")) {
        return ek_dense_avx512_s8__x86;
    }
    return has_avx2 ? ek_dense_avx2_s8__x86 : ek_dense_plain_s8__x86;
}

static inline ek_x86_depthwise_t *ek_x86_best_taps(void)
{
    return __builtin_cpu_supports("avx2") ? ek_taps_avx2_s8__x86 : ek_taps_plain_s8__x86;
}

static inline ek_run_function_t *ek_x86_best_sum(void)
{
    return __builtin_cpu_supports("avx2") ? ek_sum_avx2_s8__x86 : ek_sum_plain_s8__x86;
}

#else

static inline ek_x86_dense_t *ek_x86_best_dense(void) { return ek_dense_plain_s8__x86; }

static inline ek_x86_depthwise_t *ek_x86_best_taps(void) { return ek_taps_plain_s8__x86; }

static inline ek_run_function_t *ek_x86_best_sum(void) { return ek_sum_plain_s8__x86; }

#endif

#endif
