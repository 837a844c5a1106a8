/* ek_kernels_dsp_s16.h - the `dsp` kernels with int16 activations, each equal bit for bit to the `ref`
 * kernel of its operator. Weights and factors are packed by the converter; every kernel's file draws
 * its layout, ek_dsp_s16.h says what a row of `finish` holds.
 */
#ifndef EK_KERNELS_DSP_S16_H
#define EK_KERNELS_DSP_S16_H

#include "ek_kernels_s16.h"

/* As ek_conv2d_s16w8. scratch: see the kernel's file. */
void ek_conv2d_wide_s16w8__dsp(const ek_conv2d_s16w8_t *p, const int16_t *input,
                               const int8_t *weights, const int32_t *finish, int16_t *output,
                               void *scratch);

/* As ek_depthwise_conv2d_s16w8, without multiplier. */
void ek_depthwise_conv2d_lanes_s16w8__dsp(const ek_depthwise_conv2d_s16w8_t *p,
                                          const int16_t *input, const int8_t *weights,
                                          const int32_t *finish, int16_t *output);

/* As ek_fully_connected_s16w8, four outputs at a time. */
void ek_fully_connected_quads_s16w8__dsp(const ek_fully_connected_s16w8_t *p,
                                         const int16_t *input, const int8_t *weights,
                                         const int32_t *finish, int16_t *output);

#endif
