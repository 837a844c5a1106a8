/* ek_dsp.h - Armv7E-M's packed arithmetic, and what the `dsp` kernels build from it.
 *
 * A word holds two int16 lanes or four bytes, lane 0 in the low bits. The few instructions used are
 * functions here, in plain C where the processor lacks them, so that a bundle made for a Cortex-M4
 * also compiles and runs on a host.
 */
#ifndef EK_DSP_H
#define EK_DSP_H

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_DSP)

#include <arm_acle.h>

/* The low half of `low` below that of `high`; the high half of `low` below that of `high`. Assembly,
 * because compilers take two or three instructions. */
static inline int32_t ek_lanes(int32_t low, int32_t high)
{
    int32_t y;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(y) : "r"(low), "r"(high));
    return y;
}

static inline int32_t ek_upper_lanes(int32_t low, int32_t high)
{
    int32_t y;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(y) : "r"(high), "r"(low));
    return y;
}

/* Lanes 0 and 2 of four bytes, each widened to int16. */
static inline int32_t ek_sxtb16(uint32_t x) { return __sxtb16((int32_t)x); }

/* Lanes 1 and 3. */
static inline int32_t ek_sxtb16_odd(uint32_t x)
{
    int32_t y;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(y) : "r"(x));
    return y;
}

/* Lanes 0 and 2, or 1 and 3, of four bytes added to two int16. */
static inline int32_t ek_sxtab16(int32_t sum, uint32_t x) { return __sxtab16(sum, (int32_t)x); }

static inline int32_t ek_sxtab16_odd(int32_t sum, uint32_t x)
{
    int32_t y;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(y) : "r"(sum), "r"(x));
    return y;
}

/* sum + a0 * b0 + a1 * b1, wrapping. */
static inline int32_t ek_smlad(int32_t a, int32_t b, int32_t sum) { return __smlad(a, b, sum); }

/* sum + a0 * b0; sum + a1 * b1. */
static inline int32_t ek_smlabb(int32_t a, int32_t b, int32_t sum) { return __smlabb(a, b, sum); }

static inline int32_t ek_smlatt(int32_t a, int32_t b, int32_t sum) { return __smlatt(a, b, sum); }

/* sum + a0 * b1; sum + a1 * b0. */
static inline int32_t ek_smlabt(int32_t a, int32_t b, int32_t sum) { return __smlabt(a, b, sum); }

static inline int32_t ek_smlatb(int32_t a, int32_t b, int32_t sum) { return __smlatb(a, b, sum); }

/* Each lane twice. */
static inline int32_t ek_twice16(int32_t x) { return __sadd16(x, x); }

/* The upper half of a * b + addend * 2^32, rounded. */
static inline int32_t ek_smmlar(int32_t a, int32_t b, int32_t addend)
{
    int32_t y;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(y) : "r"(a), "r"(b), "r"(addend));
    return y;
}

/* Clamped to int8. */
static inline int32_t ek_ssat8(int32_t x) { return __ssat(x, 8); }

/* Per byte: the larger; the smaller. */
static inline uint32_t ek_max_s8x4(uint32_t a, uint32_t b)
{
    (void)__ssub8((int8x4_t)a, (int8x4_t)b);
    return __sel(a, b);
}

static inline uint32_t ek_min_s8x4(uint32_t a, uint32_t b)
{
    (void)__ssub8((int8x4_t)a, (int8x4_t)b);
    return __sel(b, a);
}

#else

static inline int32_t ek_lanes(int32_t low, int32_t high)
{
    return (int32_t)(((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16));
}

static inline int32_t ek_upper_lanes(int32_t low, int32_t high)
{
    return (int32_t)(((uint32_t)low >> 16) | ((uint32_t)high & 0xFFFF0000u));
}

static inline int32_t ek_byte(uint32_t x, int lane) { return (int8_t)(x >> (8 * lane)); }

static inline int32_t ek_sxtb16(uint32_t x) { return ek_lanes(ek_byte(x, 0), ek_byte(x, 2)); }

static inline int32_t ek_sxtb16_odd(uint32_t x) { return ek_lanes(ek_byte(x, 1), ek_byte(x, 3)); }

static inline int32_t ek_sxtab16(int32_t sum, uint32_t x)
{
    return ek_lanes(sum + ek_byte(x, 0), (sum >> 16) + ek_byte(x, 2));
}

static inline int32_t ek_sxtab16_odd(int32_t sum, uint32_t x) { return ek_sxtab16(sum, x >> 8); }

static inline int32_t ek_smlad(int32_t a, int32_t b, int32_t sum)
{
    const int32_t low = (int16_t)a * (int16_t)b, high = (a >> 16) * (b >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
}

static inline int32_t ek_smlabb(int32_t a, int32_t b, int32_t sum)
{
    return (int32_t)((uint32_t)sum + (uint32_t)((int16_t)a * (int16_t)b));
}

static inline int32_t ek_smlatt(int32_t a, int32_t b, int32_t sum)
{
    return ek_smlabb(a >> 16, b >> 16, sum);
}

static inline int32_t ek_smlabt(int32_t a, int32_t b, int32_t sum)
{
    return (int32_t)((uint32_t)sum + (uint32_t)((int16_t)a * (b >> 16)));
}

static inline int32_t ek_smlatb(int32_t a, int32_t b, int32_t sum) { return ek_smlabt(b, a, sum); }

static inline int32_t ek_twice16(int32_t x)
{
    return ek_lanes((int32_t)((uint32_t)x * 2u), (int32_t)(((uint32_t)x >> 16) * 2u));
}

static inline int32_t ek_smmlar(int32_t a, int32_t b, int32_t addend)
{
    const int32_t high = (int32_t)(((int64_t)a * b + INT64_C(0x80000000)) >> 32);
    return (int32_t)((uint32_t)high + (uint32_t)addend);
}

static inline int32_t ek_ssat8(int32_t x) { return x < -128 ? -128 : x > 127 ? 127 : x; }

static inline uint32_t ek_max_s8x4(uint32_t a, uint32_t b)
{
    uint32_t y = 0;
    for (int lane = 0; lane < 4; lane++) {
        const uint32_t larger = ek_byte(a, lane) < ek_byte(b, lane) ? b : a;
        y |= larger & (0xFFu << (8 * lane));
    }
    return y;
}

static inline uint32_t ek_min_s8x4(uint32_t a, uint32_t b)
{
    return ~ek_max_s8x4(~a, ~b);
}

#endif

/* Four bytes from any address; a single load where unaligned loads are allowed. */
static inline uint32_t ek_load4(const int8_t *x)
{
    uint32_t word;
    memcpy(&word, x, sizeof word);
    return word;
}

/* The first `count` < 4 bytes, the rest zero: nothing beyond them is read. */
static inline uint32_t ek_load_tail(const int8_t *x, int32_t count)
{
    uint32_t word = 0;
    for (int32_t i = 0; i < count; i++) word |= (uint32_t)(uint8_t)x[i] << (8 * i);
    return word;
}

/* Two int16 lanes from or to an address that is a multiple of two. */
static inline int32_t ek_load_lanes(const int16_t *x)
{
    int32_t word;
    memcpy(&word, x, sizeof word);
    return word;
}

static inline void ek_store_lanes(int16_t *x, int32_t lanes) { memcpy(x, &lanes, sizeof lanes); }

static inline int32_t ek_wrapping_sub(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* How one channel's accumulator becomes int8: TFLite's two roundings, from a doubled accumulator.
 * `addend` is half a step of the right shift plus the output's zero point, shifted left by as much,
 * so one multiply-add rounds, multiplies and moves to the zero point. A negative accumulator takes
 * off one, which makes the second rounding go away from zero. Holds for 1 <= right <= 22. */
typedef struct {
    int32_t multiplier, addend, right;
} ek_finish_t;

/* Which way ties below zero go. After a ReLU, where no output is below the zero point, it does not
 * matter: what it would change is clamped. */
typedef enum { EK_AWAY_FROM_ZERO, EK_ANY_WAY } ek_ties_t;

#define EK_INLINE static inline __attribute__((always_inline))

EK_INLINE int32_t ek_finish(int32_t doubled, ek_finish_t f, ek_ties_t ties)
{
    const int32_t away = ties == EK_AWAY_FROM_ZERO ? doubled >> 31 : 0;
    return ek_ssat8((ek_smmlar(doubled, f.multiplier, f.addend) + away) >> f.right);
}

/* The same in assembly, to `place`: v takes the result, u the multiplier, x0 the addend, x1 the
 * right shift. `ties` is the text of an ek_ties_t. */
#define EK_FINISH(doubled, place, ties)            \
    "smmlar %[v], " doubled ", %[u], %[x0]   \n\t" \
    ".if    " ties " == 0                    \n\t" \
    "add    %[v], %[v], " doubled ", asr #31 \n\t" \
    ".endif                                  \n\t" \
    "asr    %[v], %[v], %[x1]                \n\t" \
    "ssat   %[v], #8, %[v]                   \n\t" \
    "strb   %[v], " place "                  \n\t"

/* Clamps `count` bytes to low..high, where that is narrower than int8. */
void ek_clamp_s8__dsp(int8_t *y, int32_t count, int32_t low, int32_t high);

#endif
