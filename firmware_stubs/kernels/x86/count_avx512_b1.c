/* count_avx512_b1.c - counts bits with AVX-512's VPOPCNTD. */
#include "ek_x86_avx512_b1.h"

void ek_count_avx512_b1__x86(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                             int32_t words, int32_t blocks, uint16_t *counts)
{
    ek_x86_avx512_count(windows, stride, weights, words, blocks, counts);
}
