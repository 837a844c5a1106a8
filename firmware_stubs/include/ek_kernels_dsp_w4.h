/* ek_kernels_dsp_w4.h - the `dsp` kernels with weights of 4 bits, each equal bit for bit to the `ref`
 * kernel of its operator. Weights and factors are packed by the converter; every kernel's file draws
 * its layout.
 */
#ifndef EK_KERNELS_DSP_W4_H
#define EK_KERNELS_DSP_W4_H

#include "ek_kernels.h"

/* As ek_conv2d_s8w4. scratch: see the kernel's file. */
void ek_conv2d_wide_s8w4__dsp(const ek_conv2d_s8_t *p, const int8_t *input, const uint8_t *weights,
                              const int32_t *finish, int8_t *output, void *scratch);

/* As ek_depthwise_conv2d_s8w4, for 3x3 kernels as ek_depthwise_conv2d_3x3_s8__dsp takes them, and for
 * any without multiplier. The first may run in place. scratch: see the kernels' files. */
void ek_depthwise_conv2d_3x3_s8w4__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                       const uint8_t *weights, const int32_t *finish,
                                       int8_t *output, void *scratch);
void ek_depthwise_conv2d_lanes_s8w4__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                         const uint8_t *weights, const int32_t *finish,
                                         int8_t *output, void *scratch);

/* As ek_fully_connected_s8w4, four outputs at a time. */
void ek_fully_connected_nibbles_s8w4__dsp(const ek_fully_connected_s8_t *p, const int8_t *input,
                                          const uint8_t *weights, const int32_t *finish,
                                          int8_t *output);

#endif
