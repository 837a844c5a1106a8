/* ek_kernels_dsp_b1.h - kernels on packed signs for Cortex-M4, M7 and M33: no bit is counted.
 *
 * Sixteen pixels are computed at once. For each nibble of a word, all sixteen patterns that weights
 * may have are met with the pixels' signs beforehand: an entry of the table holds sixteen bytes, how
 * many of the nibble's bits differ for each pixel. A nibble of weights then finds its sixteen counts
 * with two loads and adds them with four additions. Channels share the tables, so they pay from some
 * thirty on. Weights are two words of a window after the other, channel by channel; one word that is
 * left over comes last.
 *
 * Scratch, in words: tables of two words of a window (4096 bytes), then 16 bytes and 32 bytes for
 * each channel, in which the counts of a tile are added. One group; at most 65535 taps.
 */
#ifndef EK_KERNELS_DSP_B1_H
#define EK_KERNELS_DSP_B1_H

#include "ek_kernels_b1.h"

#define EK_B1_TILE 16

/* counts[o][ek_b1_place(n)] = bits of pixel n that differ from the weights of channel o. Pixels are
 * those of the output from `first` on, in order, the last one repeated. */
void ek_tile_b1__dsp(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                     int32_t first, void *scratch, uint16_t *counts);

void ek_conv2d_tiles_b1__dsp(const ek_conv2d_b1_t *p, const uint32_t *input,
                             const uint32_t *weights, const int32_t *threshold, uint32_t *output,
                             void *scratch);

void ek_conv2d_b1_tiles_s8__dsp(const ek_conv2d_b1_t *p, const uint32_t *input,
                                const uint32_t *weights, const float *multiplier,
                                const float *bias, int8_t *output, void *scratch);

void ek_conv2d_b1_tiles_f32__dsp(const ek_conv2d_b1_t *p, const uint32_t *input,
                                 const uint32_t *weights, const float *multiplier,
                                 const float *bias, float *output, void *scratch);

#endif
