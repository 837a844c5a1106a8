/* ek_mve_portable_b1.h - what kernels on packed signs want of Helium beyond ek_mve_portable.h, in
 * plain C; only ek_mve_b1.h includes it, for processors without. */
#ifndef EK_MVE_PORTABLE_B1_H
#define EK_MVE_PORTABLE_B1_H

#include "ek_b1.h"
#include "ek_kernels_mve_b1.h"
#include "ek_mve_portable.h"

typedef struct {
    float e[4];
} float32x4_t;

typedef struct {
    float32x4_t val[4];
} float32x4x4_t;

/* ----------------------------------------------------------------------------- loads, stores */

static inline int16x8_t vldrhq_s16(const int16_t *from)
{
    int16x8_t v;
    memcpy(v.e, from, sizeof v.e);
    return v;
}

static inline float32x4_t vldrwq_f32(const float *from)
{
    float32x4_t v;
    memcpy(v.e, from, sizeof v.e);
    return v;
}

static inline void vst4q_f32(float *to, float32x4x4_t v)
{
    for (int i = 0; i < 16; i++) to[i] = v.val[i % 4].e[i / 4];
}

/* -------------------------------------------------------------------------------- arithmetic */

static inline uint8x16_t vaddq_u8(uint8x16_t a, uint8x16_t b)
{
    for (int i = 0; i < 16; i++) a.e[i] = (uint8_t)(a.e[i] + b.e[i]);
    return a;
}

static inline uint8x16_t vsubq_u8(uint8x16_t a, uint8x16_t b)
{
    for (int i = 0; i < 16; i++) a.e[i] = (uint8_t)(a.e[i] - b.e[i]);
    return a;
}

static inline uint8x16_t vandq_u8(uint8x16_t a, uint8x16_t b)
{
    for (int i = 0; i < 16; i++) a.e[i] &= b.e[i];
    return a;
}

static inline uint8x16_t vshrq_n_u8(uint8x16_t a, int right)
{
    for (int i = 0; i < 16; i++) a.e[i] = (uint8_t)(a.e[i] >> right);
    return a;
}

static inline int16x8_t vshlq_n_s16(int16x8_t a, int left) { return vshlq_r_s16(a, left); }

static inline mve_pred16_t vcmpltq_n_s8(int8x16_t a, int8_t b)
{
    unsigned p = 0;
    for (int i = 0; i < 16; i++) p |= (unsigned)(a.e[i] < b) << i;
    return (mve_pred16_t)p;
}

static inline float32x4_t vcvtq_f32_s32(int32x4_t a)
{
    float32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = (float)a.e[i];
    return v;
}

static inline float32x4_t vmulq_f32(float32x4_t a, float32x4_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] *= b.e[i];
    return a;
}

static inline float32x4_t vaddq_f32(float32x4_t a, float32x4_t b)
{
    for (int i = 0; i < 4; i++) a.e[i] += b.e[i];
    return a;
}

/* Halves away from zero; saturated to int8 already, which is all that is asked of it here. */
static inline int32x4_t vcvtaq_s32_f32(float32x4_t a)
{
    int32x4_t v;
    for (int i = 0; i < 4; i++) v.e[i] = ek_b1_round(a.e[i]);
    return v;
}

/* ----------------------------------------------------------------- what is assembly in ek_mve_b1.h */

static inline float32x4_t ek_mve_rounded(float32x4_t a) { return a; }

static inline uint8x16_t ek_mve_bytes(uint8_t x) { return vdupq_n_u8(x); }

static inline void ek_mve_put4(uint8_t *to, uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d,
                               int32_t step)
{
    const uint8x16_t v[4] = {a, b, c, d};
    for (int i = 0; i < 4; i++) memcpy(to + i * step, v[i].e, sizeof v[i].e);
}

/* Entries of row `n`: of table t of five bits, or of six where t is 8 and more. */
static inline const uint8_t *ek_b1_entry(const uint8_t *tables, int32_t t, uint32_t n)
{
    const int32_t row = (int32_t)n;
    return t < 8 ? tables + row * EK_MVE_B1_FIVES + t * 32
                 : tables + EK_MVE_B1_HALF + row * EK_MVE_B1_SIXES + (t - 8) * 32;
}

/* Byte `lane` of the entries' sums, nibble by nibble, without what was taken from them. */
static inline void ek_b1_lane(const uint8_t *const entry[12], int32_t lane, int32_t count[2])
{
    static const int8_t lowered[12] = {0, 0, 0, 8, 0, 0, 8, 8, 0, 0, 8, 0};
    for (int32_t t = 0; t < 12; t++) {
        const int32_t both = (entry[t][lane] + 16 * lowered[t]) & 0xff;
        count[0] += both & 15;
        count[1] += both >> 4;
    }
}

static inline void ek_mve_count(const uint8_t *tables, ek_b1_record_t *record, int32_t pixels,
                                int32_t rows)
{
    static const uint8_t shift[12] = {0, 16, 5, 21, 0, 16, 5, 21, 10, 26, 10, 26};
    for (; pixels > 0; pixels--, record++) {
        const uint8_t *entry[12];
        for (int32_t t = 0; t < 12; t++) {
            const uint32_t word = record->x[t < 8 ? t / 4 : (t - 8) / 2];
            entry[t] = ek_b1_entry(tables, t, word >> shift[t] & (t < 8 ? 31u : 63u));
        }
        for (int32_t lane = 0; lane < 16 * rows; lane++) {
            int32_t count[2] = {0, 0};
            ek_b1_lane(entry, lane, count);
            int16_t(*const sums)[8] = record->sums[lane / 16];
            const int32_t at = lane % 16 / 2, upper = lane % 2;
            for (int32_t n = 0; n < 2; n++) {
                sums[2 * n][at] = (int16_t)(uint16_t)(sums[2 * n][at] + (count[n] << 8 * upper));
                sums[2 * n + 1][at] = (int16_t)(sums[2 * n + 1][at] + (upper ? count[n] : 0));
            }
        }
    }
}

static inline void ek_mve_count_64(const uint8_t *tables, ek_b1_record_t *record, int32_t pixels)
{
    ek_mve_count(tables, record, pixels, 2);
}

static inline void ek_mve_count_32(const uint8_t *tables, ek_b1_record_t *record, int32_t pixels)
{
    ek_mve_count(tables, record, pixels, 1);
}

static inline void ek_mve_clear(ek_b1_record_t *records, int32_t count)
{
    memset(records, 0, (size_t)count * sizeof *records);
}

static inline void ek_mve_spread(const uint32_t *from, int32_t step, int32_t count, uint32_t *to)
{
    enum { APART = sizeof(ek_b1_record_t) / sizeof *to };
    for (; count > 0; count--, from += step / 4, to += APART) to[0] = from[0];
}

static inline void ek_mve_spread_pairs(const uint32_t *from, int32_t step, int32_t count,
                                       uint32_t *to)
{
    enum { APART = sizeof(ek_b1_record_t) / sizeof *to };
    for (; count > 0; count--, from += step / 4, to += APART) to[0] = from[0], to[1] = from[1];
}

#endif
