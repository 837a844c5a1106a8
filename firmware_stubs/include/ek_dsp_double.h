/* ek_dsp_double.h - weights of two output channels, widened and doubled: see ek_dsp_doubled.h. */
#ifndef EK_DSP_DOUBLE_H
#define EK_DSP_DOUBLE_H

#include "ek_dsp.h"

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* Weights of two channels, four inputs of each in turn, to `y`; returns what follows there. Assembly
 * for LDRD and STM. */
static inline int32_t *ek_double_pair(const int8_t *w, int32_t pairs, int32_t *y)
{
    int32_t *const end = y + 2 * pairs;
    while (y != end) {
        __asm__ volatile("ldrd   r2, r3, [%[w]], #8      \n\t"
                         "sxtb16 r4, r2                  \n\t"
                         "sxtb16 r5, r3                  \n\t"
                         "sxtb16 r6, r2, ror #8          \n\t"
                         "sxtb16 r8, r3, ror #8          \n\t"
                         "sadd16 r4, r4, r4              \n\t"
                         "sadd16 r5, r5, r5              \n\t"
                         "sadd16 r6, r6, r6              \n\t"
                         "sadd16 r8, r8, r8              \n\t"
                         "stmia  %[y]!, {r4, r5, r6, r8} \n\t"
                         : [w] "+&r"(w), [y] "+&r"(y)
                         :
                         : "r2", "r3", "r4", "r5", "r6", "r8", "memory");
    }
    return y;
}

#else

static inline int32_t *ek_double_pair(const int8_t *w, int32_t pairs, int32_t *y)
{
    for (; pairs > 0; pairs -= 2, w += 8, y += 4) {
        const uint32_t a = ek_load4(w), b = ek_load4(w + 4);
        y[0] = ek_twice16(ek_sxtb16(a));
        y[1] = ek_twice16(ek_sxtb16(b));
        y[2] = ek_twice16(ek_sxtb16_odd(a));
        y[3] = ek_twice16(ek_sxtb16_odd(b));
    }
    return y;
}

#endif

#endif
