/* ek_neon_portable.h - the NEON intrinsics that the `neon` kernels use, in plain C.
 *
 * Only ek_neon.h includes it, for processors other than 64-bit Arm: so a bundle made for a Raspberry
 * Pi also compiles and runs on a host, slowly, with the same kernels and the same packed weights.
 * Names and meanings are those of Arm's <arm_neon.h> (ACLE).
 */
#ifndef EK_NEON_PORTABLE_H
#define EK_NEON_PORTABLE_H

#include <stdint.h>
#include <string.h>

typedef struct {
    int8_t e[8];
} int8x8_t;

typedef struct {
    int8_t e[16];
} int8x16_t;

typedef struct {
    uint8_t e[16];
} uint8x16_t;

typedef struct {
    uint8x16_t val[4];
} uint8x16x4_t;

typedef struct {
    int16_t e[4];
} int16x4_t;

typedef struct {
    int16_t e[8];
} int16x8_t;

typedef struct {
    int32_t e[4];
} int32x4_t;

typedef struct {
    float e[4];
} float32x4_t;

/* A function of `lanes` lanes that sets v.e[i]. */
#define EK_LANES(type, lanes, expression)                    \
    do {                                                     \
        type v;                                              \
        for (int i = 0; i < (lanes); i++) v.e[i] = (expression); \
        return v;                                            \
    } while (0)

static inline int32_t ek_lane_wrap(int64_t x) { return (int32_t)(uint32_t)(uint64_t)x; }

static inline int64_t ek_lane_saturate(int64_t x, int64_t most)
{
    return x > most ? most : x < -most - 1 ? -most - 1 : x;
}

/* ------------------------------------------------------------------- loads, stores, constants */

static inline int8x8_t vld1_s8(const int8_t *from) { EK_LANES(int8x8_t, 8, from[i]); }
static inline int8x16_t vld1q_s8(const int8_t *from) { EK_LANES(int8x16_t, 16, from[i]); }
static inline uint8x16_t vld1q_u8(const uint8_t *from) { EK_LANES(uint8x16_t, 16, from[i]); }
static inline int32x4_t vld1q_s32(const int32_t *from) { EK_LANES(int32x4_t, 4, from[i]); }
static inline void vst1_s8(int8_t *to, int8x8_t x) { memcpy(to, x.e, sizeof x.e); }
static inline void vst1q_u8(uint8_t *to, uint8x16_t x) { memcpy(to, x.e, sizeof x.e); }
static inline int8x8_t vdup_n_s8(int8_t x) { EK_LANES(int8x8_t, 8, x); }
static inline uint8x16_t vdupq_n_u8(uint8_t x) { EK_LANES(uint8x16_t, 16, x); }
static inline int32x4_t vdupq_n_s32(int32_t x) { EK_LANES(int32x4_t, 4, x); }
static inline float32x4_t vdupq_n_f32(float x) { EK_LANES(float32x4_t, 4, x); }

/* -------------------------------------------------------------------------- halves and widths */

static inline int8x8_t vget_low_s8(int8x16_t x) { EK_LANES(int8x8_t, 8, x.e[i]); }
static inline int8x8_t vget_high_s8(int8x16_t x) { EK_LANES(int8x8_t, 8, x.e[i + 8]); }
static inline int16x4_t vget_low_s16(int16x8_t x) { EK_LANES(int16x4_t, 4, x.e[i]); }
static inline int16x4_t vget_high_s16(int16x8_t x) { EK_LANES(int16x4_t, 4, x.e[i + 4]); }
static inline int16x8_t vcombine_s16(int16x4_t a, int16x4_t b)
{
    EK_LANES(int16x8_t, 8, i < 4 ? a.e[i & 3] : b.e[i & 3]);
}
static inline int16x8_t vmovl_s8(int8x8_t x) { EK_LANES(int16x8_t, 8, x.e[i]); }
static inline int32x4_t vmovl_s16(int16x4_t x) { EK_LANES(int32x4_t, 4, x.e[i]); }
static inline int16x4_t vmovn_s32(int32x4_t x) { EK_LANES(int16x4_t, 4, (int16_t)x.e[i]); }
static inline int8x8_t vmovn_s16(int16x8_t x) { EK_LANES(int8x8_t, 8, (int8_t)x.e[i]); }
static inline int16x4_t vqmovn_s32(int32x4_t x)
{
    EK_LANES(int16x4_t, 4, (int16_t)ek_lane_saturate(x.e[i], INT16_MAX));
}
static inline int8x8_t vqmovn_s16(int16x8_t x)
{
    EK_LANES(int8x8_t, 8, (int8_t)ek_lane_saturate(x.e[i], INT8_MAX));
}
static inline float32x4_t vcvtq_f32_s32(int32x4_t x) { EK_LANES(float32x4_t, 4, (float)x.e[i]); }
static inline int32x4_t vcvtq_s32_f32(float32x4_t x) { EK_LANES(int32x4_t, 4, (int32_t)x.e[i]); }

/* --------------------------------------------------------------------------------- arithmetic */

static inline int32x4_t vaddq_s32(int32x4_t a, int32x4_t b)
{
    EK_LANES(int32x4_t, 4, ek_lane_wrap((int64_t)a.e[i] + b.e[i]));
}
static inline int32x4_t vsubq_s32(int32x4_t a, int32x4_t b)
{
    EK_LANES(int32x4_t, 4, ek_lane_wrap((int64_t)a.e[i] - b.e[i]));
}
static inline uint8x16_t vsubq_u8(uint8x16_t a, uint8x16_t b)
{
    EK_LANES(uint8x16_t, 16, (uint8_t)(a.e[i] - b.e[i]));
}
static inline int16x8_t vsubl_s8(int8x8_t a, int8x8_t b)
{
    EK_LANES(int16x8_t, 8, (int16_t)(a.e[i] - b.e[i]));
}
static inline int32x4_t vaddw_s16(int32x4_t a, int16x4_t b)
{
    EK_LANES(int32x4_t, 4, ek_lane_wrap((int64_t)a.e[i] + b.e[i]));
}
static inline int32x4_t vaddw_high_s16(int32x4_t a, int16x8_t b)
{
    return vaddw_s16(a, vget_high_s16(b));
}
static inline int16x8_t vmull_s8(int8x8_t a, int8x8_t b)
{
    EK_LANES(int16x8_t, 8, (int16_t)(a.e[i] * b.e[i]));
}
static inline int32x4_t vmull_s16(int16x4_t a, int16x4_t b)
{
    EK_LANES(int32x4_t, 4, a.e[i] * b.e[i]);
}
static inline int16x8_t vmlal_s8(int16x8_t sum, int8x8_t a, int8x8_t b)
{
    EK_LANES(int16x8_t, 8, (int16_t)(sum.e[i] + a.e[i] * b.e[i]));
}
static inline int16x8_t vmlal_high_s8(int16x8_t sum, int8x16_t a, int8x16_t b)
{
    return vmlal_s8(sum, vget_high_s8(a), vget_high_s8(b));
}
static inline int16x8_t vmull_high_s8(int8x16_t a, int8x16_t b)
{
    return vmull_s8(vget_high_s8(a), vget_high_s8(b));
}
static inline int32x4_t vpaddlq_s16(int16x8_t x)
{
    EK_LANES(int32x4_t, 4, x.e[2 * i] + x.e[2 * i + 1]);
}
static inline int32x4_t vpadalq_s16(int32x4_t sum, int16x8_t x)
{
    return vaddq_s32(sum, vpaddlq_s16(x));
}
static inline int32x4_t vpaddq_s32(int32x4_t a, int32x4_t b)
{
    EK_LANES(int32x4_t, 4,
             ek_lane_wrap(i < 2 ? (int64_t)a.e[2 * i & 3] + a.e[(2 * i + 1) & 3]
                                : (int64_t)b.e[2 * i & 3] + b.e[(2 * i + 1) & 3]));
}
static inline float32x4_t vdivq_f32(float32x4_t a, float32x4_t b)
{
    EK_LANES(float32x4_t, 4, a.e[i] / b.e[i]);
}

/* ----------------------------------------------------------------------- bits, shifts, orders */

static inline int32x4_t vandq_s32(int32x4_t a, int32x4_t b)
{
    EK_LANES(int32x4_t, 4, a.e[i] & b.e[i]);
}
static inline int32x4_t veorq_s32(int32x4_t a, int32x4_t b)
{
    EK_LANES(int32x4_t, 4, a.e[i] ^ b.e[i]);
}
static inline uint8x16_t veorq_u8(uint8x16_t a, uint8x16_t b)
{
    EK_LANES(uint8x16_t, 16, a.e[i] ^ b.e[i]);
}
static inline int32x4_t vshrq_n_s32(int32x4_t x, int n) { EK_LANES(int32x4_t, 4, x.e[i] >> n); }
static inline int32x4_t vsraq_n_s32(int32x4_t sum, int32x4_t x, int n)
{
    return vaddq_s32(sum, vshrq_n_s32(x, n));
}

/* Shifts from -31 to 31 only. */
static inline int32x4_t vshlq_s32(int32x4_t x, int32x4_t n)
{
    EK_LANES(int32x4_t, 4,
             n.e[i] < 0 ? x.e[i] >> -n.e[i] : (int32_t)((uint32_t)x.e[i] << n.e[i]));
}
static inline int32x4_t vrshlq_s32(int32x4_t x, int32x4_t n)
{
    EK_LANES(int32x4_t, 4,
             n.e[i] < 0 ? (int32_t)((x.e[i] + (INT64_C(1) << (-n.e[i] - 1))) >> -n.e[i])
                        : (int32_t)((uint32_t)x.e[i] << n.e[i]));
}
static inline int32x4_t vqrdmulhq_s32(int32x4_t a, int32x4_t b)
{
    EK_LANES(int32x4_t, 4,
             (int32_t)ek_lane_saturate(((int64_t)a.e[i] * b.e[i] + (INT64_C(1) << 30)) >> 31,
                                       INT32_MAX));
}
static inline int8x8_t vmin_s8(int8x8_t a, int8x8_t b)
{
    EK_LANES(int8x8_t, 8, a.e[i] < b.e[i] ? a.e[i] : b.e[i]);
}
static inline int8x8_t vmax_s8(int8x8_t a, int8x8_t b)
{
    EK_LANES(int8x8_t, 8, a.e[i] > b.e[i] ? a.e[i] : b.e[i]);
}
static inline uint8x16_t vqtbx4q_u8(uint8x16_t y, uint8x16x4_t table, uint8x16_t x)
{
    EK_LANES(uint8x16_t, 16, x.e[i] < 64 ? table.val[x.e[i] >> 4 & 3].e[x.e[i] & 15] : y.e[i]);
}
static inline uint8x16_t vqtbl4q_u8(uint8x16x4_t table, uint8x16_t x)
{
    return vqtbx4q_u8(vdupq_n_u8(0), table, x);
}

#undef EK_LANES

#endif
