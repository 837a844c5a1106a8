/* ek_neon_portable_b1.h - the NEON intrinsics that only kernels on packed signs use, in plain C;
 * see ek_neon_portable.h. Words are little-endian in vectors of bytes, as on 64-bit Arm; here only
 * their bits are counted. */
#ifndef EK_NEON_PORTABLE_B1_H
#define EK_NEON_PORTABLE_B1_H

#include "ek_neon_portable.h"

typedef struct {
    uint16_t e[4];
} uint16x4_t;

typedef struct {
    uint16_t e[8];
} uint16x8_t;

typedef struct {
    uint32_t e[4];
} uint32x4_t;

typedef struct {
    uint32x4_t val[4];
} uint32x4x4_t;

#define EK_LANES(type, lanes, expression)                    \
    do {                                                     \
        type v;                                              \
        for (int i = 0; i < (lanes); i++) v.e[i] = (expression); \
        return v;                                            \
    } while (0)

static inline uint16x8_t vdupq_n_u16(uint16_t x) { EK_LANES(uint16x8_t, 8, x); }
static inline uint16x8_t vld1q_u16(const uint16_t *from) { EK_LANES(uint16x8_t, 8, from[i]); }
static inline uint16x4_t vld1_u16(const uint16_t *from) { EK_LANES(uint16x4_t, 4, from[i]); }
static inline void vst1q_u16(uint16_t *to, uint16x8_t x) { memcpy(to, x.e, sizeof x.e); }
static inline uint32x4_t vld1q_u32(const uint32_t *from) { EK_LANES(uint32x4_t, 4, from[i]); }
static inline uint32x4_t vld1q_dup_u32(const uint32_t *from) { EK_LANES(uint32x4_t, 4, *from); }
static inline uint32x4x4_t vld4q_dup_u32(const uint32_t *from)
{
    return (uint32x4x4_t){{vld1q_dup_u32(from), vld1q_dup_u32(from + 1), vld1q_dup_u32(from + 2),
                           vld1q_dup_u32(from + 3)}};
}
static inline float32x4_t vld1q_f32(const float *from) { EK_LANES(float32x4_t, 4, from[i]); }
static inline void vst1q_f32(float *to, float32x4_t x) { memcpy(to, x.e, sizeof x.e); }
static inline void vst1q_s8(int8_t *to, int8x16_t x) { memcpy(to, x.e, sizeof x.e); }

static inline uint32x4_t veorq_u32(uint32x4_t a, uint32x4_t b)
{
    EK_LANES(uint32x4_t, 4, a.e[i] ^ b.e[i]);
}
static inline uint8x16_t vreinterpretq_u8_u32(uint32x4_t x)
{
    EK_LANES(uint8x16_t, 16, (uint8_t)(x.e[i / 4] >> 8 * (i & 3)));
}
static inline int32x4_t vreinterpretq_s32_u32(uint32x4_t x)
{
    EK_LANES(int32x4_t, 4, (int32_t)x.e[i]);
}
static inline uint8_t ek_lane_bits(uint8_t x)
{
    uint8_t count = 0;
    for (int i = 0; i < 8; i++) count = (uint8_t)(count + (x >> i & 1));
    return count;
}
static inline uint8x16_t vcntq_u8(uint8x16_t x) { EK_LANES(uint8x16_t, 16, ek_lane_bits(x.e[i])); }
static inline uint16x8_t vpadalq_u8(uint16x8_t sum, uint8x16_t x)
{
    EK_LANES(uint16x8_t, 8, (uint16_t)(sum.e[i] + x.e[2 * i] + x.e[2 * i + 1]));
}
static inline uint8x16_t vaddq_u8(uint8x16_t a, uint8x16_t b)
{
    EK_LANES(uint8x16_t, 16, (uint8_t)(a.e[i] + b.e[i]));
}
static inline uint16x8_t vpaddq_u16(uint16x8_t a, uint16x8_t b)
{
    EK_LANES(uint16x8_t, 8,
             (uint16_t)(i < 4 ? a.e[2 * i & 7] + a.e[(2 * i + 1) & 7]
                              : b.e[2 * i & 7] + b.e[(2 * i + 1) & 7]));
}
static inline uint16x8_t vcgeq_u16(uint16x8_t a, uint16x8_t b)
{
    EK_LANES(uint16x8_t, 8, a.e[i] >= b.e[i] ? UINT16_MAX : 0);
}
static inline uint16x8_t vandq_u16(uint16x8_t a, uint16x8_t b)
{
    EK_LANES(uint16x8_t, 8, a.e[i] & b.e[i]);
}
static inline uint16x8_t vorrq_u16(uint16x8_t a, uint16x8_t b)
{
    EK_LANES(uint16x8_t, 8, a.e[i] | b.e[i]);
}
static inline uint16x8_t vshlq_n_u16(uint16x8_t x, int n)
{
    EK_LANES(uint16x8_t, 8, (uint16_t)(x.e[i] << n));
}
static inline uint32x4_t vshll_n_u16(uint16x4_t x, int n)
{
    EK_LANES(uint32x4_t, 4, (uint32_t)x.e[i] << n);
}
static inline uint16_t vaddvq_u16(uint16x8_t x)
{
    uint16_t sum = 0;
    for (int i = 0; i < 8; i++) sum = (uint16_t)(sum + x.e[i]);
    return sum;
}
static inline int32x4_t vmaxq_s32(int32x4_t a, int32x4_t b)
{
    EK_LANES(int32x4_t, 4, a.e[i] > b.e[i] ? a.e[i] : b.e[i]);
}
static inline int32x4_t vminq_s32(int32x4_t a, int32x4_t b)
{
    EK_LANES(int32x4_t, 4, a.e[i] < b.e[i] ? a.e[i] : b.e[i]);
}
static inline float32x4_t vmulq_f32(float32x4_t a, float32x4_t b)
{
    EK_LANES(float32x4_t, 4, a.e[i] * b.e[i]);
}
static inline float32x4_t vaddq_f32(float32x4_t a, float32x4_t b)
{
    EK_LANES(float32x4_t, 4, a.e[i] + b.e[i]);
}
static inline int8x16_t vcombine_s8(int8x8_t a, int8x8_t b)
{
    EK_LANES(int8x16_t, 16, i < 8 ? a.e[i & 7] : b.e[i & 7]);
}

/* To the nearest, halves away from zero, saturated; x - trunc(x) is exact. */
static inline int32_t ek_lane_nearest(float x)
{
    if (x >= 2147483648.0f) return INT32_MAX;
    if (x < -2147483648.0f) return INT32_MIN;
    const int32_t whole = (int32_t)x;
    const float fraction = x - (float)whole;
    return whole + (fraction >= 0.5f) - (fraction <= -0.5f);
}
static inline int32x4_t vcvtaq_s32_f32(float32x4_t x)
{
    EK_LANES(int32x4_t, 4, ek_lane_nearest(x.e[i]));
}

#undef EK_LANES

#endif
