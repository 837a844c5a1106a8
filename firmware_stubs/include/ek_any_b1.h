/* ek_any_b1.h - bits counted with few operations a word, in plain C for every processor.
 *
 * Of three words a, b, c a full adder makes the sum of their bits: L = a^b^c and twice the majority.
 * With p = a^b and q = a^c the majority is (p | q) ^ L. All three are linear, so weights are stored as
 * p, q and L, windows are gathered as such, and a word of each is one exclusive or away from those of
 * the bits that differ: five operations for three words. Further adders count L in `ones` and
 * majorities in `twos`; what they carry is worth four, and is added in nibbles and bytes (Harley's and
 * Seal's method, in Warren, "Hacker's Delight", 5-1).
 */
#ifndef EK_ANY_B1_H
#define EK_ANY_B1_H

#include <stdbool.h>

#include "ek_b1.h"

enum {
    EK_B1_BLOCK = 6,       /* words: two adders of three */
    EK_B1_MOST_BLOCKS = 15 /* each adds up to 16 to a byte */
};

/* Words of a window in whole blocks. */
static inline int32_t ek_b1_block_words(const ek_conv2d_b1_t *p)
{
    const int32_t words = p->kernel_h * p->kernel_w * p->group_words;
    return (words + EK_B1_BLOCK - 1) / EK_B1_BLOCK * EK_B1_BLOCK;
}

/* The window that starts at (h, w), +1 outside and behind, as p, q and L of every three words. */
static inline void ek_b1_gather(const ek_conv2d_b1_t *p, const uint32_t *input, int32_t h,
                                int32_t w, uint32_t *window)
{
    const int32_t own = p->group_words, size = ek_b1_block_words(p);
    uint32_t *to = window;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        const int32_t y = h + i * p->dilation_h;
        for (int32_t j = 0; j < p->kernel_w; j++) {
            const int32_t x = w + j * p->dilation_w;
            const bool inside = y >= 0 && y < p->input_h && x >= 0 && x < p->input_w;
            const uint32_t *from = inside ? input + (y * p->input_w + x) * own : 0;
            for (int32_t k = 0; k < own; k++) *to++ = inside ? from[k] : 0;
        }
    }
    while (to < window + size) *to++ = 0;
    for (to = window; to < window + size; to += 3) {
        const uint32_t a = to[0], b = to[1], c = to[2];
        to[0] = a ^ b, to[1] = a ^ c, to[2] = a ^ b ^ c;
    }
}

/* Bits of two words in bytes: at most 16 each. */
static inline uint32_t ek_b1_bytes(uint32_t x, uint32_t y)
{
    x -= x >> 1 & 0x55555555u;
    y -= y >> 1 & 0x55555555u;
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    y = (y & 0x33333333u) + (y >> 2 & 0x33333333u);
    x += y;
    return (x & 0x0f0f0f0fu) + (x >> 4 & 0x0f0f0f0fu);
}

/* Bits that differ between a gathered window and weights stored alike. */
static inline int32_t ek_b1_differing(const uint32_t *x, const uint32_t *w, int32_t words)
{
    uint32_t ones = 0, twos = 0;
    int32_t fours = 0;
    while (words) {
        const int32_t taken = ek_min(words, EK_B1_MOST_BLOCKS * EK_B1_BLOCK);
        uint32_t bytes = 0;
        for (const uint32_t *end = x + taken; x < end; x += EK_B1_BLOCK, w += EK_B1_BLOCK) {
            const uint32_t l = x[2] ^ w[2], m = ((x[0] ^ w[0]) | (x[1] ^ w[1])) ^ l;
            const uint32_t o = x[5] ^ w[5], n = ((x[3] ^ w[3]) | (x[4] ^ w[4])) ^ o;
            const uint32_t one = ones ^ l, two = twos ^ m;
            const uint32_t carry = (ones & l) | (one & o), four = (twos & m) | (two & n);
            ones = one ^ o, twos = two ^ n;
            bytes += ek_b1_bytes(four, twos & carry);
            twos ^= carry;
        }
        const uint32_t halves = (bytes & 0x00ff00ffu) + (bytes >> 8 & 0x00ff00ffu);
        fours += (int32_t)((halves & 0xffffu) + (halves >> 16));
        words -= taken;
    }
    return 4 * fours + 2 * ek_bits(twos) + ek_bits(ones);
}

#endif
