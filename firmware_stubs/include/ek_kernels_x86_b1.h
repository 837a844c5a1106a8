/* ek_kernels_x86_b1.h - kernels on packed signs for x86-64.
 *
 * Each finds out what the processor has, AVX-512 with VPOPCNTDQ or AVX2, and does without on others.
 * One group, at most 65535 taps. Weights and scratch: see ek_lanes_b1.h; `least` (a
 * threshold and one), multipliers and bias are filled up to whole blocks of 16 channels.
 */
#ifndef EK_KERNELS_X86_B1_H
#define EK_KERNELS_X86_B1_H

#include "ek_kernels_b1.h"

void ek_conv2d_b1__x86(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                       const uint16_t *least, uint32_t *output, void *scratch);

void ek_conv2d_b1_s8__x86(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                          const float *multiplier, const float *bias, int8_t *output,
                          void *scratch);

void ek_conv2d_b1_f32__x86(const ek_conv2d_b1_t *p, const uint32_t *input,
                           const uint32_t *weights, const float *multiplier, const float *bias,
                           float *output, void *scratch);

void ek_sign_s8_b1__x86(int32_t rows, int32_t channels, int32_t zero, const int8_t *input,
                        uint32_t *output);

/* Counts bits that differ, as ek_lanes_b1_count_t: by the best means of the processor that runs it,
 * and by each of them. */
void ek_count_b1__x86(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                      int32_t words, int32_t blocks, uint16_t *counts);
void ek_count_avx512_b1__x86(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                             int32_t words, int32_t blocks, uint16_t *counts);
void ek_count_avx2_b1__x86(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                           int32_t words, int32_t blocks, uint16_t *counts);
void ek_count_plain_b1__x86(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                            int32_t words, int32_t blocks, uint16_t *counts);

#endif
