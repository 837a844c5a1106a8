/* count_b1.c - counts bits by the best means of the processor. */
#include "ek_kernels_x86_b1.h"
#include "ek_x86.h"

#if EK_X86

void ek_count_b1__x86(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                      int32_t words, int32_t blocks, uint16_t *counts)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq")) {
        ek_count_avx512_b1__x86(windows, stride, weights, words, blocks, counts);
    } else if (__builtin_cpu_supports("avx2")) {
        ek_count_avx2_b1__x86(windows, stride, weights, words, blocks, counts);
    } else {
        ek_count_plain_b1__x86(windows, stride, weights, words, blocks, counts);
    }
}

#else

void ek_count_b1__x86(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                      int32_t words, int32_t blocks, uint16_t *counts)
{
    ek_count_plain_b1__x86(windows, stride, weights, words, blocks, counts);
}

#endif
