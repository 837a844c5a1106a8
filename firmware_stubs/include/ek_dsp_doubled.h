/* ek_dsp_doubled.h - products of two output channels with four pixels, from weights that are widened
 * and doubled once, in scratch.
 *
 * Both operands are int16, so a loop over inputs needs nothing but loads and multiplications, and
 * sums come doubled, as requantization wants them. One pointer runs through what two output channels
 * a and b need:
 *
 *     words    2 * bias b, 2 * bias a
 *              a[0], a[2]   b[0], b[2]   a[1], a[3]   b[1], b[3]   ..    int16 lanes, times two
 *              multiplier, addend, right shift of a; of b
 *
 * It pays where a layer has more pixels than it has to widen weights for, and costs RAM: so these
 * kernels are taken where an arena has room.
 */
#ifndef EK_DSP_DOUBLED_H
#define EK_DSP_DOUBLED_H

#include "ek_dsp_pixels.h"
#include "ek_dsp_windows.h"

enum { EK_DOUBLED_WORDS = 8 /* of biases and factors of two channels */ };

/* All outputs of a block, `channels` bytes from one pixel to the next. `pairs` of inputs are even. */
typedef void ek_doubled_block_t(const int32_t *block, int32_t pairs, const int32_t *doubled,
                                int32_t channels, int8_t *output);

ek_doubled_block_t ek_block_doubled_s8__dsp;
ek_doubled_block_t ek_block_doubled_relu_s8__dsp;

/* Words of two channels. */
static inline int32_t ek_doubled_words(int32_t pairs) { return 2 * pairs + EK_DOUBLED_WORDS; }

/* What all channels need, to `y`. */
void ek_double_weights_s8__dsp(const int8_t *weights, const int32_t *finish, int32_t pairs,
                               int32_t channels, int32_t *y);

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* The products of one pair of inputs, 44 bytes of code; where the sums come from, at first all from
 * the biases in a3 and b3. */
#define EK_DOUBLED_PAIR(a0, b0, a1, b1, a2, b2)       \
    "ldrd   %[u], %[v], [%[w]], #8           \n\t"    \
    "ldrd   %[x0], %[x1], [%[x]], #8         \n\t"    \
    "smlad  %[a0], %[u], %[x0], %[" a0 "]    \n\t"    \
    "smlad  %[b0], %[v], %[x0], %[" b0 "]    \n\t"    \
    "smlad  %[a1], %[u], %[x1], %[" a1 "]    \n\t"    \
    "smlad  %[b1], %[v], %[x1], %[" b1 "]    \n\t"    \
    "ldrd   %[x0], %[x1], [%[x]], #8         \n\t"    \
    "smlad  %[a2], %[u], %[x0], %[" a2 "]    \n\t"    \
    "smlad  %[b2], %[v], %[x0], %[" b2 "]    \n\t"    \
    "smlad  %[a3], %[u], %[x1], %[a3]        \n\t"    \
    "smlad  %[b3], %[v], %[x1], %[b3]        \n\t"
#define EK_DOUBLED_NEXT EK_DOUBLED_PAIR("a0", "b0", "a1", "b1", "a2", "b2")

/* ek_finish in place: u is the multiplier, x0 the addend, x1 the right shift. */
#define EK_FINISH_HERE(sum, ties)                      \
    ".if    " ties " == 0                     \n\t"    \
    "smmlar %[v], " sum ", %[u], %[x0]        \n\t"    \
    "add    " sum ", %[v], " sum ", asr #31   \n\t"    \
    ".else                                    \n\t"    \
    "smmlar " sum ", " sum ", %[u], %[x0]     \n\t"    \
    ".endif                                   \n\t"    \
    "asr    " sum ", " sum ", %[x1]           \n\t"    \
    "ssat   " sum ", #8, " sum "              \n\t"
#define EK_FINISH_FOUR(s0, s1, s2, s3, ties)           \
    "ldrd   %[u], %[x0], [%[w]], #8           \n\t"    \
    "ldr    %[x1], [%[w]], #4                 \n\t"    \
    EK_FINISH_HERE(s0, ties) EK_FINISH_HERE(s1, ties)  \
    EK_FINISH_HERE(s2, ties) EK_FINISH_HERE(s3, ties)

/* Assembly, because the eight sums, two pointers and four words take all 14 registers; what the rest
 * needs is in memory. The loop over pairs of inputs is unrolled eight times and entered where their
 * number asks for. Of an odd last channel, b is stored first and a over it. */
EK_INLINE void ek_doubled_block(const int32_t *block, int32_t pairs, const int32_t *doubled,
                                int32_t channels, int8_t *output, ek_ties_t ties)
{
    const int32_t *const block_end = block + EK_BLOCK * pairs;
    const int32_t skipped = ((1 - pairs) & 7) * 44, each = ek_doubled_words(pairs);
    for (int32_t left = channels, run; left > 0; left -= run) {
        run = left > 1 ? left & ~1 : 1;
        const int32_t second = run > 1;
        const int32_t *const doubled_end = doubled + each * ((run + 1) >> 1);
        int32_t a0, a1, a2, a3, b0, b1, b2, b3, u, v, x0, x1;
        const int32_t *x;
        __asm__ volatile(
            "1:                                  \n\t"
            "ldr    %[x], %[block]               \n\t"
            "ldrd   %[b3], %[a3], [%[w]], #8     \n\t"
            EK_DOUBLED_PAIR("a3", "b3", "a3", "b3", "a3", "b3")
            "ldr    %[v], %[skipped]             \n\t"
            "add    pc, %[v]                     \n\t"
            "nop                                 \n"
            "2:                                  \n\t"
            EK_DOUBLED_NEXT EK_DOUBLED_NEXT EK_DOUBLED_NEXT EK_DOUBLED_NEXT
            EK_DOUBLED_NEXT EK_DOUBLED_NEXT EK_DOUBLED_NEXT EK_DOUBLED_NEXT
            "ldr    %[v], %[block_end]           \n\t"
            "cmp    %[x], %[v]                   \n\t"
            "bne    2b                           \n\t"
            EK_FINISH_FOUR("%[a0]", "%[a1]", "%[a2]", "%[a3]", "%c[ties]")
            EK_FINISH_FOUR("%[b0]", "%[b1]", "%[b2]", "%[b3]", "%c[ties]")
            "ldr    %[x], %[output]              \n\t"
            "ldr    %[v], %[second]              \n\t"
            "ldr    %[u], %[channels]            \n\t"
            "add    %[v], %[x]                   \n\t"
            "add    %[x0], %[u], %[u], lsl #1    \n\t"
            "strb   %[b0], [%[v]]                \n\t"
            "strb   %[b1], [%[v], %[u]]          \n\t"
            "strb   %[b2], [%[v], %[u], lsl #1]  \n\t"
            "strb   %[b3], [%[v], %[x0]]         \n\t"
            "strb   %[a0], [%[x]]                \n\t"
            "strb   %[a1], [%[x], %[u]]          \n\t"
            "strb   %[a2], [%[x], %[u], lsl #1]  \n\t"
            "strb   %[a3], [%[x], %[x0]]         \n\t"
            "ldr    %[v], %[doubled_end]         \n\t"
            "adds   %[x], #2                     \n\t"
            "str    %[x], %[output]              \n\t"
            "cmp    %[w], %[v]                   \n\t"
            "bne    1b                           \n\t"
            : [w] "+&r"(doubled), [output] "+m"(output), [a0] "=&r"(a0), [a1] "=&r"(a1),
              [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0), [b1] "=&r"(b1), [b2] "=&r"(b2),
              [b3] "=&r"(b3), [x] "=&r"(x), [u] "=&r"(u), [v] "=&r"(v), [x0] "=&r"(x0),
              [x1] "=&r"(x1)
            : [block] "m"(block), [block_end] "m"(block_end), [skipped] "m"(skipped),
              [doubled_end] "m"(doubled_end), [channels] "m"(channels), [second] "m"(second),
              [ties] "i"(ties)
            : "cc", "memory");
    }
}

#else

/* One channel of four pixels; its weights are every second word from `w`. */
EK_INLINE void ek_doubled_channel(const int32_t *block, int32_t pairs, const int32_t *w, int32_t bias,
                                  const int32_t *f, int32_t channels, int8_t *y, ek_ties_t ties)
{
    for (int32_t pixel = 0; pixel < EK_BLOCK; pixel++, y += channels) {
        int32_t sum = bias;
        for (int32_t i = 0; i < pairs; i++) sum = ek_smlad(w[2 * i], block[EK_BLOCK * i + pixel], sum);
        *y = (int8_t)ek_finish(sum, (ek_finish_t){f[0], f[1], f[2]}, ties);
    }
}

EK_INLINE void ek_doubled_block(const int32_t *block, int32_t pairs, const int32_t *doubled,
                                int32_t channels, int8_t *output, ek_ties_t ties)
{
    for (int32_t o = 0; o < channels; o++) {
        const int32_t odd = o & 1;
        const int32_t *const pair = doubled + (o >> 1) * ek_doubled_words(pairs);
        const int32_t *const factors = pair + 2 + 2 * pairs + 3 * odd;
        ek_doubled_channel(block, pairs, pair + 2 + odd, pair[1 - odd], factors, channels, output + o,
                           ties);
    }
}

#endif

/* A 1x1 convolution of at least four pixels. The last block may overlap the one before. */
EK_INLINE void ek_convolve_pixels_doubled(const ek_conv2d_s8_t *p, const int8_t *input,
                                          const int8_t *weights, const int32_t *finish,
                                          int8_t *output, int32_t *scratch,
                                          ek_doubled_block_t *multiply)
{
    const int32_t pixels = p->batches * p->output_h * p->output_w;
    const int32_t inputs = p->input_c, channels = p->output_c, pairs = 2 * ((inputs + 3) / 4);
    int32_t *const block = scratch + ((channels + 1) >> 1) * ek_doubled_words(pairs);
    ek_double_weights_s8__dsp(weights, finish, pairs, channels, scratch);
    for (int32_t first = 0; first < pixels; first += EK_BLOCK) {
        const int32_t at = first + EK_BLOCK <= pixels ? first : pixels - EK_BLOCK;
        ek_widen_neighbours(input + at * inputs, inputs, block);
        multiply(block, pairs, scratch, channels, output + at * channels);
    }
    ek_clamp_s8__dsp(output, pixels * channels, p->act_min, p->act_max);
}

/* A convolution of at least four pixels. */
EK_INLINE void ek_convolve_windows_doubled(const ek_conv2d_s8_t *p, const int8_t *input,
                                           const int8_t *weights, const int32_t *finish,
                                           int8_t *output, int32_t *scratch,
                                           ek_doubled_block_t *multiply)
{
    const int32_t pairs = 2 * ((p->kernel_h * p->kernel_w * p->input_c + 3) / 4);
    const int32_t pixels = p->output_h * p->output_w, channels = p->output_c;
    int32_t *const block = scratch + ((channels + 1) >> 1) * ek_doubled_words(pairs);
    int8_t *const spare = (int8_t *)(block + EK_BLOCK * pairs), *y = output;
    ek_double_weights_s8__dsp(weights, finish, pairs, channels, scratch);
    for (int32_t n = 0; n < p->batches; n++, y += pixels * channels) {
        ek_conv_windows_t s = ek_windows(p, input + n * p->input_h * p->input_w * p->input_c, spare);
        for (int32_t first = 0; first < pixels; first += EK_BLOCK) {
            const int32_t at = first + EK_BLOCK <= pixels ? first : pixels - EK_BLOCK;
            if (at < first) ek_windows_seek(&s, at);
            ek_gather_s8__dsp(&s, block);
            multiply(block, pairs, scratch, channels, y + at * channels);
        }
    }
    ek_clamp_s8__dsp(output, p->batches * pixels * channels, p->act_min, p->act_max);
}

#endif
