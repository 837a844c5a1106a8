/* ek_neondot.h - the multiply-add of processors with SDOT (Armv8.2 with the dot product extension).
 *
 * Four products go straight into an int32, so weights may be -128 here. Where the extension is
 * missing, as on the machine that checks a bundle, widening twice gives the same sums.
 */
#ifndef EK_NEONDOT_H
#define EK_NEONDOT_H

#include "ek_kernels_neondot.h"
#include "ek_neon_convolution.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)

static inline int32x4_t ek_neondot_multiply_add(int32x4_t sum, int8x16_t x, int8x16_t w)
{
    return vdotq_s32(sum, x, w);
}

#else

static inline int32x4_t ek_neondot_multiply_add(int32x4_t sum, int8x16_t x, int8x16_t w)
{
    const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(x), vget_low_s8(w)));
    const int32x4_t high = vpaddlq_s16(vmull_high_s8(x, w));
    return vaddq_s32(sum, vpaddq_s32(low, high));
}

#endif

#endif
