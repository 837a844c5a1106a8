/* ek_x86_best_b1.h - which way to count bits the processor that runs this has. */
#ifndef EK_X86_BEST_B1_H
#define EK_X86_BEST_B1_H

#include "ek_kernels_x86_b1.h"
#include "ek_lanes_b1.h"
#include "ek_x86.h"

#if EK_X86

static inline ek_lanes_b1_count_t *ek_x86_best(void)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq")) {
        return ek_count_avx512_b1__x86;
    }
    return __builtin_cpu_supports("avx2") ? ek_count_avx2_b1__x86 : ek_count_plain_b1__x86;
}

#else

static inline ek_lanes_b1_count_t *ek_x86_best(void)
{
    return ek_count_plain_b1__x86;
}

#endif

#endif
