/* ek_dsp_b1.h - how the `dsp` kernels on packed signs go through the output, tile by tile. */
#ifndef EK_DSP_B1_H
#define EK_DSP_B1_H

#include "ek_b1.h"
#include "ek_dsp.h"
#include "ek_kernels_dsp_b1.h"

#define EK_B1_TABLES 2048 /* bytes of the tables of one word */

/* Where pixel n of a tile has its count: a byte's lanes were widened two by two. */
static inline int32_t ek_b1_place(int32_t n)
{
    return n / 4 * 4 + n % 2 * 2 + n % 4 / 2;
}

/* Sixteen counts of a byte each, as four words that never carry. */
typedef struct {
    uint32_t a, b, c, d;
} ek_b1_bytes_t;

/* sum += table[nibble][word's nibble], where `middle` is EK_B1_MIDDLE bytes behind the first table. */
#define EK_B1_MIDDLE 1016

#if defined(__ARM_FEATURE_DSP)

/* Eight instructions for 64 products; compilers fetch all entries first and have no registers left. */
#define EK_B1_ADD(sum, middle, word, nibble)                                                     \
    do {                                                                                         \
        uint32_t a_, b_, c_, d_;                                                                 \
        __asm__ volatile("ubfx %4, %8, %10, #4\n\t"                                              \
                         "add %4, %9, %4, lsl #4\n\t"                                            \
                         "ldrd %6, %7, [%4, %12]\n\t"                                            \
                         "ldrd %4, %5, [%4, %11]\n\t"                                            \
                         "add %0, %0, %4\n\t"                                                    \
                         "add %1, %1, %5\n\t"                                                    \
                         "add %2, %2, %6\n\t"                                                    \
                         "add %3, %3, %7"                                                        \
                         : "+r"((sum).a), "+r"((sum).b), "+r"((sum).c), "+r"((sum).d),           \
                           "=&r"(a_), "=&r"(b_), "=&r"(c_), "=&r"(d_)                            \
                         : "r"(word), "r"(middle), "i"(4 * (nibble)),                            \
                           "i"(256 * (nibble) - EK_B1_MIDDLE),                                   \
                           "i"(256 * (nibble) + 8 - EK_B1_MIDDLE)                                \
                         : "memory");                                                            \
    } while (0)

/* counts[0] += lanes 0 and 2 of four bytes, counts[1] += lanes 1 and 3. */
#define EK_B1_WIDEN(counts, bytes)                                                               \
    do {                                                                                         \
        uint32_t even_ = (counts)[0], odd_ = (counts)[1];                                        \
        __asm__("uxtab16 %0, %0, %2\n\t"                                                         \
                "uxtab16 %1, %1, %2, ror #8"                                                     \
                : "+&r"(even_), "+r"(odd_)                                                       \
                : "r"(bytes));                                                                   \
        (counts)[0] = even_, (counts)[1] = odd_;                                                 \
    } while (0)

#else

#define EK_B1_WIDEN(counts, bytes)                      \
    do {                                                \
        (counts)[0] += (bytes) & 0x00ff00ffu;           \
        (counts)[1] += (bytes) >> 8 & 0x00ff00ffu;      \
    } while (0)

#define EK_B1_ADD(sum, middle, word, nibble)                                                     \
    do {                                                                                         \
        const uint8_t *const table_ = (middle) + (256 * (nibble) - EK_B1_MIDDLE);                \
        const uint32_t *const entry_ =                                                           \
            (const uint32_t *)(const void *)(table_ + 16 * ((word) >> 4 * (nibble) & 15u));      \
        (sum).a += entry_[0], (sum).b += entry_[1], (sum).c += entry_[2], (sum).d += entry_[3];  \
    } while (0)

#endif

#define EK_B1_ADD_WORD(sum, middle, word)            \
    do {                                             \
        const uint32_t word_ = (word);               \
        EK_B1_ADD(sum, middle, word_, 0);            \
        EK_B1_ADD(sum, middle, word_, 1);            \
        EK_B1_ADD(sum, middle, word_, 2);            \
        EK_B1_ADD(sum, middle, word_, 3);            \
        EK_B1_ADD(sum, middle, word_, 4);            \
        EK_B1_ADD(sum, middle, word_, 5);            \
        EK_B1_ADD(sum, middle, word_, 6);            \
        EK_B1_ADD(sum, middle, word_, 7);            \
    } while (0)

/* Twice a value to the nearest int8, halves away from zero: doubling is exact, and so is its
 * truncation. |x| is below 2^31. */
static inline int8_t ek_b1_halved(float x)
{
    const int32_t twice = (int32_t)x;
    return (int8_t)ek_ssat8((twice + (twice >= 0)) >> 1);
}

static inline uint16_t *ek_b1_counts(const ek_conv2d_b1_t *p, void *scratch)
{
    return (uint16_t *)(void *)((uint8_t *)scratch + 2 * EK_B1_TABLES + EK_B1_TILE * p->output_c);
}

static inline int32_t ek_b1_pixels(const ek_conv2d_b1_t *p)
{
    return p->batches * p->output_h * p->output_w;
}

#endif
