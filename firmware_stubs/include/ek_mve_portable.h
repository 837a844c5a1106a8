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

typedef uint16_t mve_pred16_t; /* a bit for each byte of a vector */

/* -------------------------------------------------------------------------------- predicates */

static inline mve_pred16_t vctp8q(uint32_t n)
{
    return (mve_pred16_t)(n >= 16 ? 0xFFFFu : (1u << n) - 1u);
}

static inline mve_pred16_t vctp32q(uint32_t n) { return vctp8q(n >= 4 ? 16 : 4 * n); }

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

/* sum plus bias, times multiplier and 2^shift, for one lane; see ek_mve.h. */
static inline int32_t ek_mve_requant_lane(int32_t sum, const int32_t channel[3])
{
    const int32_t x = (int32_t)((uint32_t)sum + (uint32_t)channel[0]), right = -channel[2];
    const int64_t product = ((int64_t)x * channel[1] + (INT64_C(1) << 30)) >> 31;
    return (int32_t)((product - (x < 0) + (INT64_C(1) << (right - 1))) >> right);
}

static inline int32x4_t ek_mve_requant(int32x4_t sum, const int32_t **channel)
{
    for (int i = 0; i < 4; i++) sum.e[i] = ek_mve_requant_lane(sum.e[i], *channel);
    *channel += 3;
    return sum;
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

static inline void ek_mve_copy_apart(int8_t *to, const int8_t *from, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++) to[i / 16 * 64 + i % 16] = from[i];
}

#endif
