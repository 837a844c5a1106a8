/* ek_mve.h - what the Helium kernels share: dot products of int8 lanes, requantization, narrowing.
 *
 * Requantization rounds twice, as ek_requant.h does, for shifts of -1 and less only (the converter
 * sees to that). VQRDMLAH adds the rounded doubling high product to the sign of the accumulator, 0
 * or -1; VRSHL then rounds halves up. For a product x of a negative accumulator and a shift of -r
 * that is (x - 1 + 2^(r-1)) >> r, which rounds halves away from zero. The sign may be that of the
 * accumulator instead of the product's, because they differ at x = 0 only, and there both
 * 2^(r-1) - 1 and 2^(r-1) give 0.
 *
 * The inner loops are assembly: GCC 12 copies accumulators around VMLADAVA and fills vectors one
 * lane at a time, which takes 27 instructions for the 16 of ek_mve_dot2x4's loop.
 */
#ifndef EK_MVE_H
#define EK_MVE_H

#include "ek_kernels_mve.h"

#if defined(__ARM_FEATURE_MVE)

#include <arm_mve.h>

/* Lane i is the dot product of x_i and w. */
static inline int32x4_t ek_mve_dot4(int8x16_t x0, int8x16_t x1, int8x16_t x2, int8x16_t x3,
                                    int8x16_t w)
{
    int32x4_t lanes;
    int32_t a, b, c, d;
    __asm__("vmladav.s8 %[a], %q[x0], %q[w]\n\t"
            "vmladav.s8 %[b], %q[x1], %q[w]\n\t"
            "vmladav.s8 %[c], %q[x2], %q[w]\n\t"
            "vmladav.s8 %[d], %q[x3], %q[w]\n\t"
            "vmov %e[lanes], %[a], %[b]\n\t"
            "vmov %f[lanes], %[c], %[d]"
            : [lanes] "=w"(lanes), [a] "=&Te"(a), [b] "=&Te"(b), [c] "=&Te"(c), [d] "=&Te"(d)
            : [x0] "w"(x0), [x1] "w"(x1), [x2] "w"(x2), [x3] "w"(x3), [w] "w"(w));
    return lanes;
}

/* Dot products of four vectors x and two vectors w, all of 16 * `chunks` elements, chunks > 0.
 * x: chunk 0 of x0, x1, x2, x3, then chunk 1 ...; *w: chunk 0 of w0, w1, then chunk 1 ...; left
 * behind the last. Lane i of *a is x_i * w0, of *b x_i * w1. Two chunks a turn, the first alone:
 * six loads and eight multiplications each, which take turns, as Helium can overlap them. */
#define EK_MVE_CHUNK(mul)                                                                  \
    "vldrb.8 %q[y0], [%[w]], #16\n\t"                                                      \
    "vldrb.8 %q[x0], [%[x]], #16\n\t"                                                      \
    mul " %[a0], %q[x0], %q[y0]\n\t"                                                       \
    "vldrb.8 %q[x1], [%[x]], #16\n\t"                                                      \
    mul " %[a1], %q[x1], %q[y0]\n\t"                                                       \
    "vldrb.8 %q[x2], [%[x]], #16\n\t"                                                      \
    mul " %[a2], %q[x2], %q[y0]\n\t"                                                       \
    "vldrb.8 %q[x3], [%[x]], #16\n\t"                                                      \
    mul " %[a3], %q[x3], %q[y0]\n\t"                                                       \
    "vldrb.8 %q[y1], [%[w]], #16\n\t"                                                      \
    mul " %[b0], %q[x0], %q[y1]\n\t"                                                       \
    mul " %[b1], %q[x1], %q[y1]\n\t"                                                       \
    mul " %[b2], %q[x2], %q[y1]\n\t"                                                       \
    mul " %[b3], %q[x3], %q[y1]\n\t"

static inline void ek_mve_dot2x4(const int8_t *x, const int8_t **w, int32_t chunks, int32x4_t *a,
                                 int32x4_t *b)
{
    const int8_t *weights = *w;
    int32x4_t lanes_a, lanes_b;
    int8x16_t x0, x1, x2, x3;
    int32_t a0, a1, a2, a3, b0, b1, b2, b3;
    __asm__ volatile(
        EK_MVE_CHUNK("vmladav.s8")
        "lsrs %[n], %[n], #1\n\t"
        "beq 3f\n\t"
        "bcc 2f\n\t"
        "1:\n\t"
        EK_MVE_CHUNK("vmladava.s8")
        "2:\n\t"
        EK_MVE_CHUNK("vmladava.s8")
        "subs %[n], %[n], #1\n\t"
        "bne 1b\n\t"
        "3:\n\t"
        "vmov %e[y0], %[a0], %[a1]\n\t"
        "vmov %f[y0], %[a2], %[a3]\n\t"
        "vmov %e[y1], %[b0], %[b1]\n\t"
        "vmov %f[y1], %[b2], %[b3]"
        : [x] "+r"(x), [w] "+r"(weights), [n] "+r"(chunks), [y0] "=&w"(lanes_a),
          [y1] "=&w"(lanes_b), [x0] "=&w"(x0), [x1] "=&w"(x1), [x2] "=&w"(x2), [x3] "=&w"(x3),
          [a0] "=&Te"(a0), [a1] "=&Te"(a1), [a2] "=&Te"(a2), [a3] "=&Te"(a3), [b0] "=&Te"(b0),
          [b1] "=&Te"(b1), [b2] "=&Te"(b2), [b3] "=&Te"(b3)
        :
        : "cc", "memory");
    *w = weights;
    *a = lanes_a;
    *b = lanes_b;
}

#undef EK_MVE_CHUNK

/* Adds to lane i the dot product of x and row i of four, `count` > 0 elements each; *w: 16 elements
 * of each row in turn, left behind the last. */
static inline int32x4_t ek_mve_dot_rows(const int8_t *x, const int8_t **w, int32_t count)
{
    const int8_t *weights = *w;
    int32x4_t lanes;
    int8x16_t v, row;
    int32_t a = 0, b = 0, c = 0, d = 0;
    __asm__ volatile("dlstp.8 lr, %[count]\n\t"
                     "1:\n\t"
                     "vldrb.8 %q[v], [%[x]], #16\n\t"
                     "vldrb.8 %q[row], [%[w]], #16\n\t"
                     "vmladava.s8 %[a], %q[v], %q[row]\n\t"
                     "vldrb.8 %q[row], [%[w]], #16\n\t"
                     "vmladava.s8 %[b], %q[v], %q[row]\n\t"
                     "vldrb.8 %q[row], [%[w]], #16\n\t"
                     "vmladava.s8 %[c], %q[v], %q[row]\n\t"
                     "vldrb.8 %q[row], [%[w]], #16\n\t"
                     "vmladava.s8 %[d], %q[v], %q[row]\n\t"
                     "letp lr, 1b\n\t"
                     "vmov %e[lanes], %[a], %[b]\n\t"
                     "vmov %f[lanes], %[c], %[d]"
                     : [x] "+r"(x), [w] "+r"(weights), [lanes] "=&w"(lanes), [v] "=&w"(v),
                       [row] "=&w"(row), [a] "+&Te"(a), [b] "+&Te"(b), [c] "+&Te"(c), [d] "+&Te"(d)
                     : [count] "r"(count)
                     : "lr", "memory");
    *w = weights;
    return lanes;
}

/* Four pixels of one channel: adds its bias, applies its factor; *channel is (bias, multiplier,
 * shift) and is left at the next. */
static inline int32x4_t ek_mve_requant(int32x4_t sum, const int32_t **channel)
{
    int32x4_t y;
    const int32_t *next = *channel;
    __asm__ volatile("ldm %[next]!, {r4, r5, r6}\n\t"
                     "vadd.i32 %q[sum], %q[sum], r4\n\t"
                     "vshr.s32 %q[y], %q[sum], #31\n\t"
                     "vqrdmlah.s32 %q[y], %q[sum], r5\n\t"
                     "vrshl.s32 %q[y], r6"
                     : [y] "=&w"(y), [sum] "+w"(sum), [next] "+r"(next)
                     :
                     : "r4", "r5", "r6", "memory");
    *channel = next;
    return y;
}

/* a0 b0 a1 b1 ..., saturated. */
static inline int16x8_t ek_mve_pair(int32x4_t a, int32x4_t b)
{
    __asm__("vqmovnb.s32 %q[a], %q[a]\n\t"
            "vqmovnt.s32 %q[a], %q[b]"
            : [a] "+w"(a)
            : [b] "w"(b));
    return vreinterpretq_s16_s32(a);
}

/* a0 b0 a1 b1 ..., saturated. */
static inline int8x16_t ek_mve_pair_s8(int16x8_t a, int16x8_t b)
{
    __asm__("vqmovnb.s16 %q[a], %q[a]\n\t"
            "vqmovnt.s16 %q[a], %q[b]"
            : [a] "+w"(a)
            : [b] "w"(b));
    return vreinterpretq_s8_s16(a);
}

/* Copies `bytes` > 0 bytes, and not one more is read. */
static inline void ek_mve_copy(int8_t *to, const int8_t *from, int32_t bytes)
{
    int8x16_t piece;
    __asm__ volatile("dlstp.8 lr, %[bytes]\n\t"
                     "1:\n\t"
                     "vldrb.8 %q[piece], [%[from]], #16\n\t"
                     "vstrb.8 %q[piece], [%[to]], #16\n\t"
                     "letp lr, 1b"
                     : [to] "+r"(to), [from] "+r"(from), [piece] "=&w"(piece)
                     : [bytes] "r"(bytes)
                     : "lr", "memory");
}

/* The same, with pieces of 16 bytes going to places 64 bytes apart; returns the next place. */
static inline int8_t *ek_mve_copy_apart(int8_t *to, const int8_t *from, int32_t bytes)
{
    int8x16_t piece;
    __asm__ volatile("dlstp.8 lr, %[bytes]\n\t"
                     "1:\n\t"
                     "vldrb.8 %q[piece], [%[from]], #16\n\t"
                     "vstrb.8 %q[piece], [%[to]], #64\n\t"
                     "letp lr, 1b"
                     : [to] "+r"(to), [from] "+r"(from), [piece] "=&w"(piece)
                     : [bytes] "r"(bytes)
                     : "lr", "memory");
    return to;
}

#else

#include "ek_mve_portable.h"

#endif

/* Four channels of one pixel; `factors` has four biases, multipliers and shifts. */
static inline int32x4_t ek_mve_requant_lanes(int32x4_t sum, const int32_t factors[12])
{
    const int32x4_t acc = vaddq_s32(sum, vldrwq_s32(factors));
    const int32x4_t high = vqrdmulhq_s32(acc, vldrwq_s32(factors + 4));
    return vrshlq_s32(vaddq_s32(high, vshrq_n_s32(acc, 31)), vldrwq_s32(factors + 8));
}

/* Output range and zero point, as every kernel's parameters have them. */
typedef struct {
    int32_t zero, low, high;
} ek_mve_range_t;

/* a0 c0 b0 d0 a1 c1 b1 d1 ..., moved to the output's zero and clamped. */
static inline int8x16_t ek_mve_narrow(int16x8_t ab, int16x8_t cd, ek_mve_range_t range)
{
    ab = vqaddq_n_s16(ab, (int16_t)range.zero);
    cd = vqaddq_n_s16(cd, (int16_t)range.zero);
    int8x16_t y = ek_mve_pair_s8(ab, cd);
    if (range.high - range.low < 255) {
        y = vmaxq_s8(y, vdupq_n_s8((int8_t)range.low));
        y = vminq_s8(y, vdupq_n_s8((int8_t)range.high));
    }
    return y;
}

/* The low bytes of four lanes, moved to the output's zero and clamped, and stored where `lanes`. */
static inline void ek_mve_store(int8_t *to, int32x4_t y, ek_mve_range_t range, mve_pred16_t lanes)
{
    y = vaddq_n_s32(y, range.zero);
    y = vminq_s32(vmaxq_s32(y, vdupq_n_s32(range.low)), vdupq_n_s32(range.high));
    vstrbq_p_s32(to, y, lanes);
}

#endif
