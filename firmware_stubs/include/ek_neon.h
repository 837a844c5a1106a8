/* ek_neon.h - what the NEON kernels share: dot products of int8, requantization, narrowing.
 *
 * Requantization is exact for every factor that the converter makes. SQRDMULH is the saturating
 * rounding doubling high product of ek_requant.h. SRSHL then rounds halves up, where halves must go
 * away from zero: for h < 0 and a right shift of r > 0 that is floor((h - 1 + 2^(r-1)) / 2^r), so
 * negative products are lowered by one first. (h AND right) is negative exactly if h is and there is
 * a shift, right being -r; its sign, 0 or -1, is what is added. Nothing overflows: SRSHL rounds
 * beyond 32 bits, and |h| < 2^31 since multipliers are below 2^31.
 */
#ifndef EK_NEON_H
#define EK_NEON_H

#include <string.h>

#include "ek_kernels_neon.h"
#include "ek_requant.h"

#if defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#else
#include "ek_neon_portable.h"
#endif

enum { EK_NEON_CHUNK = 16 };

/* One lane a channel: what follows multiplier is the shift, as its positive and negative parts. */
typedef struct {
    int32x4_t multiplier, left, right;
} ek_neon_factor_t;

/* Output range and zero point, as every kernel's parameters have them. */
typedef struct {
    int32_t zero, low, high;
} ek_neon_range_t;

static inline int32x4_t ek_neon_requant(int32x4_t x, ek_neon_factor_t q)
{
    const int32x4_t high = vqrdmulhq_s32(vshlq_s32(x, q.left), q.multiplier);
    return vrshlq_s32(vsraq_n_s32(high, vandq_s32(high, q.right), 31), q.right);
}

/* One factor for all lanes. */
static inline ek_neon_factor_t ek_neon_factor(ek_requant_t q)
{
    return (ek_neon_factor_t){
        vdupq_n_s32(q.multiplier),
        vdupq_n_s32(ek_max(q.shift, 0)),
        vdupq_n_s32(ek_min(q.shift, 0)),
    };
}

/* Requantized sums moved to the output's zero, saturated: clamped to int8 by ek_neon_clamp. */
static inline int16x4_t ek_neon_finish(int32x4_t sum, ek_neon_factor_t q, ek_neon_range_t range)
{
    return vqmovn_s32(vaddq_s32(ek_neon_requant(sum, q), vdupq_n_s32(range.zero)));
}

static inline int8x8_t ek_neon_clamp(int16x4_t low, int16x4_t high, ek_neon_range_t range)
{
    const int8x8_t y = vqmovn_s16(vcombine_s16(low, high));
    return vmin_s8(vmax_s8(y, vdup_n_s8((int8_t)range.low)), vdup_n_s8((int8_t)range.high));
}

/* Four dot products of four pairs each: sums that add to the dot product of x and w. Two products
 * share an int16, which weights above -128 never leave. */
static inline int32x4_t ek_neon_multiply_add(int32x4_t sum, int8x16_t x, int8x16_t w)
{
    const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(w));
    return vpadalq_s16(sum, vmlal_high_s8(low, x, w));
}

/* The first `count` of eight bytes; what lies behind is not touched. */
static inline int8x8_t ek_neon_load_some(const int8_t *from, int32_t count)
{
    int8_t bytes[8] = {0};
    memcpy(bytes, from, (size_t)count);
    return vld1_s8(bytes);
}

static inline void ek_neon_store_some(int8_t *to, int8x8_t y, int32_t count)
{
    int8_t bytes[8];
    vst1_s8(bytes, y);
    memcpy(to, bytes, (size_t)count);
}

#endif
