/* ek_kernels_w8.h - weights stored in fewer bytes than they have, and expanded before they are used.
 *
 * Type "w8": any bytes. Sizes are stated by the caller and never read from the stream: a decoder
 * writes exactly p->bytes, reads at most p->words of the stream, and finds a table entry for every
 * index, whatever the stream holds.
 */
#ifndef EK_KERNELS_W8_H
#define EK_KERNELS_W8_H

#include <stdint.h>

/* 1 to 256 values; 2^bits slots, 8 <= bits <= 12, at least two words. With `lanes`, also below, every
 * second byte becomes one less where the byte before it is negative. */
typedef struct {
    int32_t bytes, words, values, bits, lanes;
} ek_decode_rans_w8_t;

enum { EK_RANS_ENTRIES = 256 };

/* Byte by byte, with x = words[0] << 16 | words[1] at first: slot = x mod 2^bits lies among the
 * counts[v] slots of a value v, from start[v] = sum of counts[u], u < v, on;
 * output = values[v], x = counts[v] * (x >> bits) + slot - start[v]; below 2^16 x takes a word.
 * Scratch: EK_RANS_ENTRIES uint32_t and a byte for each slot, aligned to 4 bytes. */
#define EK_DECODE_RANS_W8(isa)                                                                \
    void ek_decode_rans_w8__##isa(const ek_decode_rans_w8_t *p, const int8_t *values,         \
                                  const uint16_t *counts, const uint16_t *words,              \
                                  int8_t *output, void *scratch)
EK_DECODE_RANS_W8(ref);

/* 2^bits values, bits <= 7. */
typedef struct {
    int32_t bytes, words, bits, lanes;
} ek_decode_palette_w8_t;

/* output[i] = values[the number in bits i * bits to (i + 1) * bits - 1 of the words] */
#define EK_DECODE_PALETTE_W8(isa)                                                             \
    void ek_decode_palette_w8__##isa(const ek_decode_palette_w8_t *p, const int8_t *values,   \
                                     const uint16_t *words, int8_t *output)
EK_DECODE_PALETTE_W8(ref);

/* Four bytes for each word. */
typedef struct {
    int32_t bytes, words;
} ek_decode_half_w8_t;

/* float32 output[i] = the float16 value words[i], exactly; infinities and NaN stay what they are.
 * Words beyond p->bytes / 4 are not used, bytes beyond 4 * p->words are 0. The output is aligned to 4
 * bytes. */
#define EK_DECODE_HALF_W8(isa)                                                                    void ek_decode_half_w8__##isa(const ek_decode_half_w8_t *p, const uint16_t *words,                                          int8_t *output)
EK_DECODE_HALF_W8(ref);

#endif
