/* taps_avx2_s8.c - windows of a depthwise convolution, with AVX2. */
#include "ek_x86_avx2_taps_s8.h"

void ek_taps_avx2_s8__x86(const ek_x86_taps_t *t, const int8_t *weights, const int32_t *factors,
                          int8_t *output)
{
    ek_avx2_taps(t, weights, factors, output);
}
