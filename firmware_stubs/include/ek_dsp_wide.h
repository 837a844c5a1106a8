/* ek_dsp_wide.h - products of two output channels with four pixels where both operands are int16.
 *
 * Pixels lie in blocks (ek_dsp_blocks.h). The weights of two output channels a and b are widened once
 * to scratch and then serve all blocks of a chunk of pixels:
 *
 *     pair of inputs   0            1
 *     words            a, b         a, b     ..    two inputs of one channel in each word
 */
#ifndef EK_DSP_WIDE_H
#define EK_DSP_WIDE_H

#include "ek_dsp_blocks.h"

enum { EK_CHUNK_BYTES = 4096 /* blocks held at once, unless a single one is larger */ };

/* How many blocks of `pairs` of inputs are held at once, of `pixels` in all. */
static inline int32_t ek_blocks_at_once(int32_t pairs, int32_t pixels)
{
    const int32_t most = EK_CHUNK_BYTES / (4 * EK_BLOCK * pairs), all = (pixels + 3) / 4;
    return most < 1 ? 1 : most < all ? most : all;
}

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* The products of one pair of inputs, 44 bytes of code: 8 multiplications, 3 loads. */
#define EK_WIDE_PAIR                              \
    "ldrd   %[u], %[v], [%[w]], #8    \n\t"    \
    "ldrd   %[x0], %[x1], [%[x]], #8  \n\t"    \
    "smlad  %[a0], %[u], %[x0], %[a0] \n\t"    \
    "smlad  %[b0], %[v], %[x0], %[b0] \n\t"    \
    "smlad  %[a1], %[u], %[x1], %[a1] \n\t"    \
    "smlad  %[b1], %[v], %[x1], %[b1] \n\t"    \
    "ldrd   %[x0], %[x1], [%[x]], #8  \n\t"    \
    "smlad  %[a2], %[u], %[x0], %[a2] \n\t"    \
    "smlad  %[b2], %[v], %[x0], %[b2] \n\t"    \
    "smlad  %[a3], %[u], %[x1], %[a3] \n\t"    \
    "smlad  %[b3], %[v], %[x1], %[b3] \n\t"

/* Sums of channel a, then of b, for the four pixels of a block. Assembly, because eight sums, two
 * pointers and four words take all 14 registers: compilers spill sums inside the loop. It is unrolled
 * eight times and entered where `pairs` asks for. Never inlined, as a caller would want registers. */
static __attribute__((noinline, unused)) void ek_sum_block(const int32_t *x, int32_t pairs, const int32_t *w,
                                int32_t sums[2 * EK_BLOCK])
{
    const int32_t *const end = x + EK_BLOCK * pairs;
    const int32_t skipped = (-pairs & 7) * 44;
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, u, v, x0, x1;
    __asm__ volatile("ldr    %[u], %[skipped]     \n\t"
                     "add    pc, %[u]             \n\t"
                     "nop                         \n"
                     "1:                          \n\t"
                     EK_WIDE_PAIR EK_WIDE_PAIR EK_WIDE_PAIR EK_WIDE_PAIR
                     EK_WIDE_PAIR EK_WIDE_PAIR EK_WIDE_PAIR EK_WIDE_PAIR
                     "ldr    %[u], %[end]         \n\t"
                     "cmp    %[x], %[u]           \n\t"
                     "bne    1b                   \n\t"
                     : [x] "+&r"(x), [w] "+&r"(w), [a0] "+&r"(a0), [a1] "+&r"(a1), [a2] "+&r"(a2),
                       [a3] "+&r"(a3), [b0] "+&r"(b0), [b1] "+&r"(b1), [b2] "+&r"(b2),
                       [b3] "+&r"(b3), [u] "=&r"(u), [v] "=&r"(v), [x0] "=&r"(x0), [x1] "=&r"(x1)
                     : [skipped] "m"(skipped), [end] "m"(end)
                     : "cc", "memory");
    const int32_t found[2 * EK_BLOCK] = {a0, a1, a2, a3, b0, b1, b2, b3};
    memcpy(sums, found, sizeof found);
}

#else

static inline void ek_sum_block(const int32_t *x, int32_t pairs, const int32_t *w,
                                int32_t sums[2 * EK_BLOCK])
{
    memset(sums, 0, 2 * EK_BLOCK * sizeof sums[0]);
    for (int32_t i = 0; i < pairs; i++, x += EK_BLOCK, w += 2) {
        for (int32_t pixel = 0; pixel < EK_BLOCK; pixel++) {
            sums[pixel] = ek_smlad(w[0], x[pixel], sums[pixel]);
            sums[EK_BLOCK + pixel] = ek_smlad(w[1], x[pixel], sums[EK_BLOCK + pixel]);
        }
    }
}

#endif

#endif
