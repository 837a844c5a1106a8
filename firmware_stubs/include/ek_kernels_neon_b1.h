/* ek_kernels_neon_b1.h - kernels on packed signs for 64-bit Arm: see ek_neon_b1.h.
 *
 * One group, at most 65535 taps. Weights and scratch: see ek_lanes_b1.h; `least` (a
 * threshold and one), multipliers and bias are filled up to whole blocks of 16 channels.
 */
#ifndef EK_KERNELS_NEON_B1_H
#define EK_KERNELS_NEON_B1_H

#include "ek_kernels_b1.h"

void ek_conv2d_b1__neon(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                        const uint16_t *least, uint32_t *output, void *scratch);

void ek_conv2d_b1_s8__neon(const ek_conv2d_b1_t *p, const uint32_t *input,
                           const uint32_t *weights, const float *multiplier, const float *bias,
                           int8_t *output, void *scratch);

void ek_conv2d_b1_f32__neon(const ek_conv2d_b1_t *p, const uint32_t *input,
                            const uint32_t *weights, const float *multiplier, const float *bias,
                            float *output, void *scratch);

#endif
