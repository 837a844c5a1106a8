/* ek_mve_portable.h - the Helium intrinsics and loops that the `mve` kernels use, in plain C.
 *
 * Only ek_mve.h includes it, for processors without Helium: so a bundle made for a Cortex-M55 also
 * compiles and runs on a host, slowly, with the same kernels and the same packed weights. Names and
 * meanings of the intrinsics are those of Arm's <arm_mve.h> (ACLE); little-endian hosts only.
 */
#ifndef EK_MVE_PORTABLE_H
#define EK_MVE_PORTABLE_H

#include <stdint.h>
#include <string.h>

typedef struct {
    int8_t e[16];
} int8x16_t;

typedef struct {
    int16_t e[8];
} int16x8_t;

typedef struct {
    int32_t e[4];
} int32x4_t;

typedef struct {
    uint32_t e[4];
} uint32x4_t;

typedef struct {
    uint8_t e[16];
} uint8x16_t;

typedef struct {
    uint16_t e[8];
} uint16x8_t;

typedef struct {
    int8x16_t val[4];
} int8x16x4_t;

typedef uint16_t mve_pred16_t; /* a bit for each byte of a vector */

/* -------------------------------------------------------------------------------- predicates */

static inline mve_pred16_t vctp8q(uint32_t n)
{
    return (mve_pred16_t)(n >= 16 ? 0xFFFFu : (1u << n) - 1u);
}

static inline mve_pred16_t vctp32q(uint32_t n) { return vctp8q(n >= 4 ? 16 : 4 * n); }

static inline mve_pred16_t vctp16q(uint32_t n) { return vctp8q(n >= 8 ? 16 : 2 * n); }

/* ----------------------------------------------------------------------------- loads, stores */

static inline int8x16_t vldrbq_s8(const int8_t *from)
{
    int8x16_t v;
    memcpy(v.e, from, sizeof v.e);
    return v;
}

static inline int8x16_t vldrbq_z_s8(const int8_t *from, mve_pred16_t p)
{
    int8x16_t v;
    for (int i = 0; i < 16; i++) v.e[i] = (p >> i) & 1 ? from[i] : 0;
    return v;
}

static inline void vstrbq_s8(int8_t *to, int8x16_t v) { memcpy(to, v.e, sizeof v.e); }

static inline void vstrbq_p_s8(int8_t *to, int8x16_t v, mve_pred16_t p)
{
    for (int i = 0; i < 16; i++) {
        if ((p >> i) & 1) to[i] = v.e[i];
    }
}

static inline void vstrwq_scatter_offset_p_s32(int32_t *to, uint32x4_t offset, int32x4_t v,
                                               mve_pred16_t p)
{
    for (int i = 0; i < 4; i++) {
        if ((p >> 4 * i) & 1) memcpy((char *)to + offset.e[i], &v.e[i], sizeof v.e[i]);
    }
}

static inline void vstrwq_scatter_offset_s32(int32_t *to, uint32x4_t offset, int32x4_t v)
{
    vstrwq_scatter_offset_p_s32(to, offset, v, 0xFFFF);
}

static inline int32x4_t vldrwq_s32(const int32_t *from)
{
    int32x4_t v;
    memcpy(v.e, from, sizeof v.e);
    return v;
}

static inline uint32x4_t vldrwq_u32(const uint32_t *from)
{
    uint32x4_t v;
    memcpy(v.e, from, sizeof v.e);
    return v;
}

static inline int32x4_t vldrbq_z_s32(const int8_t *from, mve_pred16_t p)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = (p >> 4 * i) & 1 ? from[i] : 0;
    return v;
}

static inline int32x4_t vldrwq_gather_offset_s32(const int32_t *from, uint32x4_t offset)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) memcpy(&v.e[i], (const char *)from + offset.e[i], sizeof v.e[i]);
    return v;
}

static inline uint8x16_t vldrbq_z_u8(const uint8_t *from, mve_pred16_t p)
{
    uint8x16_t v;
    for (int i = 0; i < 16; i++) v.e[i] = (p >> i) & 1 ? from[i] : 0;
    return v;
}

static inline int8x16_t vldrbq_gather_offset_z_s8(const int8_t *from, uint8x16_t offset,
                                                  mve_pred16_t p)
{
    int8x16_t v;
    for (int i = 0; i < 16; i++) v.e[i] = (p >> i) & 1 ? from[offset.e[i]] : 0;
    return v;
}

static inline int8x16_t vldrbq_gather_offset_s8(const int8_t *from, uint8x16_t offset)
{
    return vldrbq_gather_offset_z_s8(from, offset, 0xFFFF);
}

static inline uint8x16_t vldrbq_u8(const uint8_t *from) { return vldrbq_z_u8(from, 0xFFFF); }

static inline int16x8_t vldrbq_gather_offset_z_s16(const int8_t *from, uint16x8_t offset,
                                                   mve_pred16_t p)
{
    int16x8_t v;
    for (int i = 0; i < 8; i++) v.e[i] = (p >> 2 * i) & 1 ? from[offset.e[i]] : 0;
    return v;
}

static inline int32x4_t vldrwq_gather_shifted_offset_z_s32(const int32_t *from, uint32x4_t index,
                                                           mve_pred16_t p)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = (p >> 4 * i) & 1 ? from[index.e[i]] : 0;
    return v;
}

static inline int32x4_t vldrbq_s32(const int8_t *from)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = from[i];
    return v;
}

static inline void vstrbq_p_s16(int8_t *to, int16x8_t v, mve_pred16_t p)
{
    for (int i = 0; i < 8; i++) {
        if ((p >> 2 * i) & 1) to[i] = (int8_t)v.e[i];
    }
}

static inline void vstrhq_s16(int16_t *to, int16x8_t v) { memcpy(to, v.e, sizeof v.e); }

static inline void vst1q_s32(int32_t *to, int32x4_t v) { memcpy(to, v.e, sizeof v.e); }

static inline void vstrbq_p_s32(int8_t *to, int32x4_t v, mve_pred16_t p)
{
    for (int i = 0; i < 4; i++) {
        if ((p >> 4 * i) & 1) to[i] = (int8_t)v.e[i];
    }
}

static inline void vst4q_s8(int8_t *to, int8x16x4_t v)
{
    for (int i = 0; i < 64; i++) to[i] = v.val[i % 4].e[i / 4];
}

/* -------------------------------------------------------------------------------- arithmetic */

static inline int8x16_t vdupq_n_s8(int8_t x)
{
    int8x16_t v;
    for (int i = 0; i < 16; i++) v.e[i] = x;
    return v;
}

static inline uint32x4_t vidupq_n_u32(uint32_t start, int step)
{
    uint32x4_t v;
    for (uint32_t i = 0; i < 4; i++) v.e[i] = start + i * (uint32_t)step;
    return v;
}

static inline uint32x4_t vmulq_n_u32(uint32x4_t a, uint32_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] *= b;
    return a;
}

static inline int8x16_t vmaxq_s8(int8x16_t a, int8x16_t b)
{
    for (int i = 0; i < 16; i++) a.e[i] = a.e[i] > b.e[i] ? a.e[i] : b.e[i];
    return a;
}

static inline int8x16_t vminq_s8(int8x16_t a, int8x16_t b)
{
    for (int i = 0; i < 16; i++) a.e[i] = a.e[i] < b.e[i] ? a.e[i] : b.e[i];
    return a;
}

static inline int16_t ek_saturate16(int32_t x)
{
    return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

static inline int16x8_t vqaddq_n_s16(int16x8_t a, int16_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] = ek_saturate16(a.e[i] + b);
    return a;
}

static inline int16x8_t vdupq_n_s16(int16_t x)
{
    int16x8_t v;
    for (int i = 0; i < 8; i++) v.e[i] = x;
    return v;
}

static inline int32x4_t vdupq_n_s32(int32_t x)
{
    const int32x4_t v = {{x, x, x, x}};
    return v;
}

static inline int16x8_t vaddq_s16(int16x8_t a, int16x8_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] = (int16_t)((uint16_t)a.e[i] + (uint16_t)b.e[i]);
    return a;
}

static inline int16x8_t vsubq_n_s16(int16x8_t a, int16_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] = (int16_t)((uint16_t)a.e[i] - (uint16_t)b);
    return a;
}

static inline int16x8_t vshlq_r_s16(int16x8_t a, int32_t left) /* left >= 0 */
{
    for (int i = 0; i < 8; i++) a.e[i] = (int16_t)(uint16_t)((uint32_t)a.e[i] << left);
    return a;
}

static inline int16x8_t vmovlbq_s8(int8x16_t a)
{
    int16x8_t v;
    for (int i = 0; i < 8; i++) v.e[i] = a.e[2 * i];
    return v;
}

static inline int16x8_t vmovltq_s8(int8x16_t a)
{
    int16x8_t v;
    for (int i = 0; i < 8; i++) v.e[i] = a.e[2 * i + 1];
    return v;
}

static inline uint8x16_t vdupq_n_u8(uint8_t x)
{
    uint8x16_t v;
    for (int i = 0; i < 16; i++) v.e[i] = x;
    return v;
}

static inline uint8x16_t veorq_u8(uint8x16_t a, uint8x16_t b)
{
    for (int i = 0; i < 16; i++) a.e[i] ^= b.e[i];
    return a;
}

static inline uint16x8_t vidupq_n_u16(uint32_t start, int step)
{
    uint16x8_t v;
    for (uint32_t i = 0; i < 8; i++) v.e[i] = (uint16_t)(start + i * (uint32_t)step);
    return v;
}

static inline uint16x8_t vmulq_n_u16(uint16x8_t a, uint16_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] = (uint16_t)((uint32_t)a.e[i] * b);
    return a;
}

static inline uint16x8_t vmulhq_u16(uint16x8_t a, uint16x8_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] = (uint16_t)(((uint32_t)a.e[i] * b.e[i]) >> 16);
    return a;
}

static inline uint16x8_t vshlq_r_u16(uint16x8_t a, int32_t left) /* left <= 0 */
{
    for (int i = 0; i < 8; i++) a.e[i] = (uint16_t)(a.e[i] >> -left);
    return a;
}

static inline uint16x8_t vdupq_n_u16(uint16_t x)
{
    uint16x8_t v;
    for (int i = 0; i < 8; i++) v.e[i] = x;
    return v;
}

static inline uint16x8_t vreinterpretq_u16_s16(int16x8_t a)
{
    uint16x8_t v;
    memcpy(v.e, a.e, sizeof v.e);
    return v;
}

static inline int16x8_t vreinterpretq_s16_u16(uint16x8_t a)
{
    int16x8_t v;
    memcpy(v.e, a.e, sizeof v.e);
    return v;
}

static inline uint32x4_t vreinterpretq_u32_s32(int32x4_t a)
{
    uint32x4_t v;
    memcpy(v.e, a.e, sizeof v.e);
    return v;
}

static inline int8x16_t vmaxq_m_s8(int8x16_t inactive, int8x16_t a, int8x16_t b, mve_pred16_t p)
{
    for (int i = 0; i < 16; i++) {
        if ((p >> i) & 1) inactive.e[i] = a.e[i] > b.e[i] ? a.e[i] : b.e[i];
    }
    return inactive;
}

static inline int8_t vmaxvq_s8(int8_t most, int8x16_t a)
{
    for (int i = 0; i < 16; i++) most = a.e[i] > most ? a.e[i] : most;
    return most;
}

static inline int16x8_t vshrq_n_s16(int16x8_t a, int right)
{
    for (int i = 0; i < 8; i++) a.e[i] = (int16_t)(a.e[i] >> (right < 16 ? right : 15));
    return a;
}

static inline int16x8_t veorq_s16(int16x8_t a, int16x8_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] ^= b.e[i];
    return a;
}

static inline int16x8_t vsubq_s16(int16x8_t a, int16x8_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] = (int16_t)((uint16_t)a.e[i] - (uint16_t)b.e[i]);
    return a;
}

static inline int16x8_t vaddq_n_s16(int16x8_t a, int16_t b) { return vaddq_s16(a, vdupq_n_s16(b)); }

static inline int16x8_t vminq_s16(int16x8_t a, int16x8_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] = a.e[i] < b.e[i] ? a.e[i] : b.e[i];
    return a;
}

static inline int16x8_t vmaxq_s16(int16x8_t a, int16x8_t b)
{
    for (int i = 0; i < 8; i++) a.e[i] = a.e[i] > b.e[i] ? a.e[i] : b.e[i];
    return a;
}

static inline int32x4_t vmullbq_int_s16(int16x8_t a, int16x8_t b)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = a.e[2 * i] * b.e[2 * i];
    return v;
}

static inline int32x4_t vmulltq_int_s16(int16x8_t a, int16x8_t b)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = a.e[2 * i + 1] * b.e[2 * i + 1];
    return v;
}

static inline int16x8_t vmullbq_int_s8(int8x16_t a, int8x16_t b)
{
    int16x8_t v;
    for (int i = 0; i < 8; i++) v.e[i] = (int16_t)(a.e[2 * i] * b.e[2 * i]);
    return v;
}

static inline int16x8_t vmulltq_int_s8(int8x16_t a, int8x16_t b)
{
    int16x8_t v;
    for (int i = 0; i < 8; i++) v.e[i] = (int16_t)(a.e[2 * i + 1] * b.e[2 * i + 1]);
    return v;
}

static inline int32x4_t vmovlbq_s16(int16x8_t a)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = a.e[2 * i];
    return v;
}

static inline int32x4_t vmovltq_s16(int16x8_t a)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = a.e[2 * i + 1];
    return v;
}

static inline int32x4_t vshllbq_n_s16(int16x8_t a, int left)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = (int32_t)((uint32_t)a.e[2 * i] << left);
    return v;
}

static inline int32x4_t vshlltq_n_s16(int16x8_t a, int left)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = (int32_t)((uint32_t)a.e[2 * i + 1] << left);
    return v;
}

static inline int32_t ek_wrap_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32x4_t vaddq_s32(int32x4_t a, int32x4_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] = ek_wrap_add(a.e[i], b.e[i]);
    return a;
}

static inline int32x4_t vsubq_s32(int32x4_t a, int32x4_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] = (int32_t)((uint32_t)a.e[i] - (uint32_t)b.e[i]);
    return a;
}

static inline int32x4_t vmulq_n_s32(int32x4_t a, int32_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] = (int32_t)((uint32_t)a.e[i] * (uint32_t)b);
    return a;
}

static inline int32x4_t vmlaq_n_s32(int32x4_t sum, int32x4_t a, int32_t b)
{
    for (int i = 0; i < 4; i++) sum.e[i] = ek_wrap_add(sum.e[i], vmulq_n_s32(a, b).e[i]);
    return sum;
}

static inline int32_t vaddvaq_s32(int32_t sum, int32x4_t a)
{
    for (int i = 0; i < 4; i++) sum = ek_wrap_add(sum, a.e[i]);
    return sum;
}

static inline int32x4_t vaddq_n_s32(int32x4_t a, int32_t b) { return vaddq_s32(a, vdupq_n_s32(b)); }

static inline int32x4_t vsubq_n_s32(int32x4_t a, int32_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] = (int32_t)((uint32_t)a.e[i] - (uint32_t)b);
    return a;
}

static inline int32x4_t vmaxq_s32(int32x4_t a, int32x4_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] = a.e[i] > b.e[i] ? a.e[i] : b.e[i];
    return a;
}

static inline int32x4_t vminq_s32(int32x4_t a, int32x4_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] = a.e[i] < b.e[i] ? a.e[i] : b.e[i];
    return a;
}

static inline int32x4_t vshlq_r_s32(int32x4_t a, int32_t left) /* left >= 0 */
{
    for (int i = 0; i < 4; i++) a.e[i] = (int32_t)((uint32_t)a.e[i] << left);
    return a;
}

static inline int32x4_t vshlq_n_s32(int32x4_t a, int left) { return vshlq_r_s32(a, left); }

static inline int32x4_t vshrq_n_s32(int32x4_t a, int right)
{
    const int by = right < 32 ? right : 31;
    for (int i = 0; i < 4; i++) a.e[i] >>= by;
    return a;
}

static inline int32_t ek_high(int32_t a, int32_t b) /* never both INT32_MIN here */
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

static inline int32x4_t vqrdmulhq_s32(int32x4_t a, int32x4_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] = ek_high(a.e[i], b.e[i]);
    return a;
}

static inline int32x4_t vqrdmlahq_n_s32(int32x4_t sum, int32x4_t a, int32_t b)
{
    for (int i = 0; i < 4; i++) sum.e[i] = ek_wrap_add(sum.e[i], ek_high(a.e[i], b));
    return sum;
}

static inline int32x4_t vrshlq_s32(int32x4_t a, int32x4_t left) /* left < 0 */
{
    for (int i = 0; i < 4; i++) {
        const int64_t half = INT64_C(1) << (-left.e[i] - 1);
        a.e[i] = (int32_t)((a.e[i] + half) >> -left.e[i]);
    }
    return a;
}

static inline int32x4_t vqrdmulhq_n_s32(int32x4_t a, int32_t b)
{
    return vqrdmulhq_s32(a, vdupq_n_s32(b));
}

static inline int32x4_t vrshrq_n_s32(int32x4_t a, int right)
{
    return vrshlq_s32(a, vdupq_n_s32(-right));
}

static inline int32x4_t vrshlq_n_s32(int32x4_t a, int32_t left)
{
    return vrshlq_s32(a, vdupq_n_s32(left));
}

static inline int8x16_t vreinterpretq_s8_s32(int32x4_t a)
{
    int8x16_t v;
    memcpy(v.e, a.e, sizeof v.e);
    return v;
}

static inline int32x4_t vreinterpretq_s32_s8(int8x16_t a)
{
    int32x4_t v;
    memcpy(v.e, a.e, sizeof v.e);
    return v;
}

/* ----------------------------------------------------------------- what is assembly in ek_mve.h */

static inline int32_t ek_dot16(int8x16_t x, int8x16_t w)
{
    int32_t sum = 0;
    for (int i = 0; i < 16; i++) sum += x.e[i] * w.e[i];
    return sum;
}

static inline int32x4_t ek_mve_dot4(int8x16_t x0, int8x16_t x1, int8x16_t x2, int8x16_t x3,
                                    int8x16_t w)
{
    const int32x4_t lanes = {
        {ek_dot16(x0, w), ek_dot16(x1, w), ek_dot16(x2, w), ek_dot16(x3, w)}};
    return lanes;
}

static inline void ek_mve_dot2x4(const int8_t *x, const int8_t **w, int32_t chunks, int32x4_t *a,
                                 int32x4_t *b)
{
    memset(a, 0, sizeof *a);
    memset(b, 0, sizeof *b);
    for (int32_t k = 0; k < chunks; k++) {
        for (int i = 0; i < 4; i++, x += 16) {
            a->e[i] += ek_dot16(vldrbq_s8(x), vldrbq_s8(*w));
            b->e[i] += ek_dot16(vldrbq_s8(x), vldrbq_s8(*w + 16));
        }
        *w += 32;
    }
}

static inline int32x4_t ek_mve_requant(int32x4_t sum, const int32_t **channel)
{
    const int32_t *next = *channel;
    sum = vaddq_n_s32(sum, next[0]);
    *channel = next + 3;
    return vrshlq_n_s32(vqrdmlahq_n_s32(vshrq_n_s32(sum, 31), sum, next[1]), next[2]);
}

static inline int32x4_t ek_mve_dot_rows(const int8_t *x, const int8_t **w, int32_t count)
{
    int32x4_t lanes = {{0, 0, 0, 0}};
    for (; count > 0; count -= 16, x += 16) {
        const int8x16_t v = vldrbq_z_s8(x, vctp8q((uint32_t)count));
        for (int i = 0; i < 4; i++, *w += 16) lanes.e[i] += ek_dot16(v, vldrbq_s8(*w));
    }
    return lanes;
}

static inline int16x8_t ek_mve_pair(int32x4_t a, int32x4_t b)
{
    int16x8_t v;
    for (int i = 0; i < 4; i++) {
        v.e[2 * i] = ek_saturate16(a.e[i]);
        v.e[2 * i + 1] = ek_saturate16(b.e[i]);
    }
    return v;
}

static inline int8_t ek_saturate8(int32_t x)
{
    return (int8_t)(x < INT8_MIN ? INT8_MIN : x > INT8_MAX ? INT8_MAX : x);
}

static inline int8x16_t ek_mve_pair_s8(int16x8_t a, int16x8_t b)
{
    int8x16_t v;
    for (int i = 0; i < 8; i++) {
        v.e[2 * i] = ek_saturate8(a.e[i]);
        v.e[2 * i + 1] = ek_saturate8(b.e[i]);
    }
    return v;
}

static inline void ek_mve_copy(int8_t *to, const int8_t *from, int32_t bytes)
{
    memcpy(to, from, (size_t)bytes);
}

static inline int8_t *ek_mve_copy_apart(int8_t *to, const int8_t *from, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++) to[i / 16 * 64 + i % 16] = from[i];
    return to + (bytes + 15) / 16 * 64;
}

#endif
