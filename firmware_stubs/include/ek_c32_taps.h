/* ek_c32_taps.h - products of two windows with four output channels, the heart of the `c32`
 * convolution. conv2d_quads_s8.c draws the weights.
 */
#ifndef EK_C32_TAPS_H
#define EK_C32_TAPS_H

#include <stdint.h>

/* Sums of four channels for windows a and b. */
typedef struct {
    int32_t a0, a1, a2, a3, b0, b1, b2, b3;
} ek_eight_t;

#if defined(__thumb2__) && defined(__OPTIMIZE__)

/* One weight of each window; one tap of four channels, 56 bytes of code. */
#define EK_TAP_WEIGHT(a, b)                    \
    "ldrsb  %[v], [%[w]], #1              \n\t" \
    "mla    %[" a "], %[x], %[v], %[" a "] \n\t" \
    "mla    %[" b "], %[y], %[v], %[" b "] \n\t"
#define EK_TAP                                 \
    "ldrsb  %[x], [%[p]], #1              \n\t" \
    "ldrsb  %[y], [%[q]], #1              \n\t" \
    EK_TAP_WEIGHT("a0", "b0") EK_TAP_WEIGHT("a1", "b1") \
    EK_TAP_WEIGHT("a2", "b2") EK_TAP_WEIGHT("a3", "b3")

/* Adds the products of `count` > 0 taps, at `p` and `q`; returns the weights that follow. Assembly,
 * because eight sums, three pointers and three values take all 14 registers: compilers spill sums
 * and take half as many instructions more. The loop is unrolled four times and entered where
 * `count` asks for. */
static inline const int8_t *ek_add_taps(ek_eight_t *sums, const int8_t *p, const int8_t *q,
                                        int32_t count, const int8_t *w)
{
    const int8_t *const end = p + count;
    const int32_t skipped = (-count & 3) * 56;
    ek_eight_t s = *sums;
    int32_t x, y, v;
    __asm__ volatile("ldr    %[v], %[skipped]     \n\t"
                     "add    pc, %[v]             \n\t"
                     "nop                         \n"
                     "1:                          \n\t"
                     EK_TAP EK_TAP EK_TAP EK_TAP
                     "ldr    %[v], %[end]         \n\t"
                     "cmp    %[p], %[v]           \n\t"
                     "bne    1b                   \n\t"
                     : [a0] "+&r"(s.a0), [a1] "+&r"(s.a1), [a2] "+&r"(s.a2), [a3] "+&r"(s.a3),
                       [b0] "+&r"(s.b0), [b1] "+&r"(s.b1), [b2] "+&r"(s.b2), [b3] "+&r"(s.b3),
                       [p] "+&r"(p), [q] "+&r"(q), [w] "+&r"(w), [x] "=&r"(x), [y] "=&r"(y),
                       [v] "=&r"(v)
                     : [skipped] "m"(skipped), [end] "m"(end)
                     : "cc", "memory");
    *sums = s;
    return w;
}

#else

static inline const int8_t *ek_add_taps(ek_eight_t *sums, const int8_t *p, const int8_t *q,
                                        int32_t count, const int8_t *w)
{
    ek_eight_t s = *sums;
    for (int32_t i = 0; i < count; i++, w += 4) {
        const int32_t x = p[i], y = q[i];
        s.a0 += x * w[0];
        s.b0 += y * w[0];
        s.a1 += x * w[1];
        s.b1 += y * w[1];
        s.a2 += x * w[2];
        s.b2 += y * w[2];
        s.a3 += x * w[3];
        s.b3 += y * w[3];
    }
    *sums = s;
    return w;
}

#endif

#endif
