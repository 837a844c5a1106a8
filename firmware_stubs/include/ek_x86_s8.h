/* ek_x86_s8.h - layouts that the int8 kernels for x86-64 share, and rows of activations for them.
 *
 * Dense weights come in blocks of 16 channels, four inputs of each in turn, padded with zeros:
 * (O/16, K/4, 16, 4). Factors follow the same blocks: bias, multiplier, and the shift to the left
 * and that to the right: (O/16, 4, 16). VPDPBUSD multiplies bytes without a sign by bytes with one,
 * so activations are raised by 128 and the bias is lowered by 128 times the sum of the weights.
 */
#ifndef EK_X86_S8_H
#define EK_X86_S8_H

#include <string.h>

#include "ek_kernels_x86.h"
#include "ek_requant.h"

enum { EK_X86_BLOCK = 16, EK_X86_ROWS = 8 };

enum { EK_X86_WORD = 8 /* bytes */ };

static inline void ek_x86_raise_word(const int8_t *from, uint8_t *to)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    word ^= UINT64_C(0x8080808080808080);
    memcpy(to, &word, sizeof word);
}

/* Copies `count` activations and adds 128 to each; the last word overlaps the one before. Returns
 * what lies behind the copy. */
static inline uint8_t *ek_x86_raise(const int8_t *from, int32_t count, uint8_t *to)
{
    if (count < EK_X86_WORD) {
        for (int32_t i = 0; i < count; i++) to[i] = (uint8_t)(from[i] ^ INT8_MIN);
        return to + count;
    }
    for (int32_t i = 0; i + EK_X86_WORD < count; i += EK_X86_WORD) {
        ek_x86_raise_word(from + i, to + i);
    }
    ek_x86_raise_word(from + count - EK_X86_WORD, to + count - EK_X86_WORD);
    return to + count;
}

/* The factors of channel l of `channels` that lie together. */
static inline ek_requant_t ek_x86_requant(const int32_t *factors, int32_t l, int32_t channels)
{
    return (ek_requant_t){factors[channels + l],
                          factors[2 * channels + l] - factors[3 * channels + l]};
}

/* Four activations as one word. */
static inline int32_t ek_x86_quad(const uint8_t *x)
{
    int32_t quad;
    memcpy(&quad, x, sizeof quad);
    return quad;
}

#endif
