/* ek_kernels_mve_b1.h - kernels on packed signs for processors with Helium: no bit is counted.
 *
 * For 64 channels and two words of a window there are twelve tables, of the lower and upper five,
 * next five and last six bits of each half-word that a pixel's signs may have: an entry is 64 counts
 * of a nibble each, how many of those bits differ from the weights of each channel. A pixel looks its
 * twelve entries up and adds them; tables serve all pixels of a tile. See ek_mve_b1.h.
 *
 * Weights are bit planes of 64 channels and two words each, see tables_b1.c. One group, no padding
 * with zeros, at most 32767 taps. Thresholds, multipliers and bias come in the order in which counts
 * are finished, for whole blocks of 32 channels.
 *
 * Scratch: 16384 bytes of tables, then 136 bytes for each pixel of a tile: at most 112 pixels, or with
 * `room` 264.
 */
#ifndef EK_KERNELS_MVE_B1_H
#define EK_KERNELS_MVE_B1_H

#include "ek_kernels_b1.h"

enum {
    EK_MVE_B1_FIVES = 256,           /* bytes from row to row */
    EK_MVE_B1_SIXES = 128,
    EK_MVE_B1_HALF = 8192,           /* bytes of the tables of five bits, and of six */
    EK_MVE_B1_TABLES = 16384,
    EK_MVE_B1_PLANES = 256,          /* bytes of weights of two words and 32 channels */
    EK_MVE_B1_LANES = 32             /* channels in a vector of nibbles */
};

/* Two words of a pixel's window, and sums over the words so far for 64 channels, 32 to a row. With E
 * and O what bytes of channels 0 to 15 and 16 to 31 hold, and H(x) what the upper bytes of the
 * half-words of x hold: sums of E, H(E), O and H(O). */
typedef struct {
    uint32_t x[2];
    int16_t sums[2][4][8];
} ek_b1_record_t;

/* Counts the bits of `pixels` output pixels, from `first` on in order, that differ from the weights
 * of 64 channels, or of 32 with `rows` 1. */
void ek_tables_b1__mve(const ek_conv2d_b1_t *p, const uint32_t *input, const uint8_t *weights,
                       int32_t first, int32_t pixels, int32_t rows, uint8_t *tables,
                       ek_b1_record_t *records);

void ek_conv2d_tables_b1__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                              const uint8_t *weights, const int16_t *threshold, uint32_t *output,
                              void *scratch);

void ek_conv2d_tables_room_b1__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                                   const uint8_t *weights, const int16_t *threshold,
                                   uint32_t *output, void *scratch);

void ek_conv2d_b1_tables_s8__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                                 const uint8_t *weights, const float *multiplier,
                                 const float *bias, int8_t *output, void *scratch);

void ek_conv2d_b1_tables_room_s8__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                                      const uint8_t *weights, const float *multiplier,
                                      const float *bias, int8_t *output, void *scratch);

void ek_conv2d_b1_tables_f32__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                                  const uint8_t *weights, const float *multiplier,
                                  const float *bias, float *output, void *scratch);

void ek_conv2d_b1_tables_room_f32__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                                       const uint8_t *weights, const float *multiplier,
                                       const float *bias, float *output, void *scratch);

void ek_sign_s8_b1__mve(int32_t rows, int32_t channels, int32_t zero, const int8_t *input,
                        uint32_t *output);

#endif
