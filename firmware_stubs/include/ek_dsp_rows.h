/* ek_dsp_rows.h - inputs of four pixels become a block, see ek_dsp_blocks.h. */
#ifndef EK_DSP_ROWS_H
#define EK_DSP_ROWS_H

#include "ek_dsp_blocks.h"

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* Assembly for STM, which stores four words at once; by itself the compiler stores them singly. */
EK_INLINE void ek_widen_rows(const int8_t *const *from, int32_t skip, int32_t rows, int32_t fours,
                             int32_t *x)
{
    const int8_t *a = from[0], *b = from[1], *c = from[2], *d = from[3];
    const int32_t size = 8 * EK_BLOCK * fours;
    int32_t *end = x;
    if (fours == 0) return;
    __asm__ volatile("1:                             \n\t"
                     "ldr    r5, %[size]             \n\t"
                     "add    r5, %[x]                \n\t"
                     "str    r5, %[end]              \n"
                     "2:                             \n\t"
                     "ldr    r2, [%[a]], #4          \n\t"
                     "ldr    r3, [%[b]], #4          \n\t"
                     "ldr    r4, [%[c]], #4          \n\t"
                     "ldr    r5, [%[d]], #4          \n\t"
                     "sxtb16 r6, r2                  \n\t"
                     "sxtb16 r8, r3                  \n\t"
                     "sxtb16 r9, r4                  \n\t"
                     "sxtb16 r10, r5                 \n\t"
                     "sxtb16 r2, r2, ror #8          \n\t"
                     "sxtb16 r3, r3, ror #8          \n\t"
                     "sxtb16 r4, r4, ror #8          \n\t"
                     "sxtb16 r5, r5, ror #8          \n\t"
                     "stmia  %[x]!, {r6, r8, r9, r10} \n\t"
                     "ldr    r6, %[end]              \n\t"
                     "stmia  %[x]!, {r2, r3, r4, r5} \n\t"
                     "cmp    %[x], r6                \n\t"
                     "bne    2b                      \n\t"
                     "ldr    r2, %[rows]             \n\t"
                     "ldr    r3, %[skip]             \n\t"
                     "subs   r2, #1                  \n\t"
                     "str    r2, %[rows]             \n\t"
                     "add    %[a], r3                \n\t"
                     "add    %[b], r3                \n\t"
                     "add    %[c], r3                \n\t"
                     "add    %[d], r3                \n\t"
                     "bne    1b                      \n\t"
                     : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d), [x] "+&r"(x),
                       [end] "+m"(end), [rows] "+m"(rows)
                     : [size] "m"(size), [skip] "m"(skip)
                     : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
}

#else

EK_INLINE void ek_widen_rows(const int8_t *const *from, int32_t skip, int32_t rows, int32_t fours,
                             int32_t *x)
{
    for (int32_t row = 0; row < rows; row++, x += 2 * EK_BLOCK * fours) {
        for (int32_t i = 0; i < EK_BLOCK; i++) {
            ek_widen(from[i] + row * (4 * fours + skip), 4 * fours, x + i, EK_BLOCK);
        }
    }
}

#endif

#endif
