/* ek_kernels_any_b1.h - kernels on packed signs for every processor: see ek_any_b1.h.
 *
 * One group, no padding with zeros. Weights of a channel are whole blocks of six words, each three as
 * p, q and L. Scratch: one window of as many words.
 */
#ifndef EK_KERNELS_ANY_B1_H
#define EK_KERNELS_ANY_B1_H

#include "ek_kernels_b1.h"

void ek_conv2d_adders_b1__any(const ek_conv2d_b1_t *p, const uint32_t *input,
                              const uint32_t *weights, const int32_t *threshold, uint32_t *output,
                              void *scratch);

void ek_conv2d_b1_adders_s8__any(const ek_conv2d_b1_t *p, const uint32_t *input,
                                 const uint32_t *weights, const float *multiplier,
                                 const float *bias, int8_t *output, void *scratch);

void ek_conv2d_b1_adders_f32__any(const ek_conv2d_b1_t *p, const uint32_t *input,
                                  const uint32_t *weights, const float *multiplier,
                                  const float *bias, float *output, void *scratch);

#endif
