/* ek_kernels_dsp.h - the kernels of processors with Armv7E-M's packed arithmetic (Cortex-M4, M7,
 * M33 with the DSP extension), each equal bit for bit to the `ref` kernel of its operator.
 *
 * Weights and factors are packed by the converter; every kernel's file draws its layout. A row of
 * `finish` has the folded bias, see ek_finish_t in ek_dsp.h.
 */
#ifndef EK_KERNELS_DSP_H
#define EK_KERNELS_DSP_H

#include "ek_kernels.h"

/* `relu` variants are for outputs that are not below their zero point: act_min >= output_zero. */

/* As ek_conv2d_s8. scratch: see the kernel's file. */
void ek_conv2d_blocks_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                              const int8_t *weights, const int32_t *finish, int8_t *output,
                              void *scratch);
void ek_conv2d_blocks_relu_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                   const int8_t *weights, const int32_t *finish, int8_t *output,
                                   void *scratch);

/* As ek_conv2d_s8, for 1x1 kernels with stride 1 and no padding. scratch: 8 bytes an input channel,
 * those rounded up to a multiple of four. */
void ek_conv2d_pointwise_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *finish, int8_t *output,
                                 void *scratch);
void ek_conv2d_pointwise_relu_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *finish, int8_t *output,
                                      void *scratch);

/* As ek_conv2d_s8, for at least four outputs of a channel; weights are widened to scratch: see the
 * kernels' files. */
void ek_conv2d_blocks_doubled_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *finish,
                                      int8_t *output, void *scratch);
void ek_conv2d_blocks_doubled_relu_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                           const int8_t *weights, const int32_t *finish,
                                           int8_t *output, void *scratch);
void ek_conv2d_pointwise_doubled_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                         const int8_t *weights, const int32_t *finish,
                                         int8_t *output, void *scratch);
void ek_conv2d_pointwise_doubled_relu_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                              const int8_t *weights, const int32_t *finish,
                                              int8_t *output, void *scratch);

/* As ek_depthwise_conv2d_s8, for 3x3 kernels without dilation and multiplier, strides 1 or 2. May run
 * in place. scratch: see the kernel's file. */
void ek_depthwise_conv2d_3x3_s8__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                     const int8_t *weights, const int32_t *finish,
                                     int8_t *output, void *scratch);
void ek_depthwise_conv2d_3x3_relu_s8__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                          const int8_t *weights, const int32_t *finish,
                                          int8_t *output, void *scratch);

/* As ek_depthwise_conv2d_s8, without multiplier. */
void ek_depthwise_conv2d_lanes_s8__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                       const int8_t *weights, const int32_t *finish,
                                       int8_t *output);

/* As ek_fully_connected_s8, four outputs at a time. */
void ek_fully_connected_quads_s8__dsp(const ek_fully_connected_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *finish,
                                      int8_t *output);

/* As ek_average_pool2d_s8, for windows of at most 255 taps. */
void ek_average_pool2d_s8__dsp(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_max_pool2d_s8. */
void ek_max_pool2d_s8__dsp(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_mean_s8, over the two middle axes. */
void ek_mean_planes_s8__dsp(const ek_mean_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_add_s8 and ek_sub_s8, for operands of one shape. May run in place of an operand. scratch: 2048
 * bytes. */
void ek_add_tables_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                           int8_t *output, void *scratch);
void ek_sub_tables_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                           int8_t *output, void *scratch);

/* As ek_mul_s8, for output factors below 1/2. May run in place of an operand that does not repeat. */
void ek_mul_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_maximum_s8 and ek_minimum_s8, for operands in the output's order. */
void ek_maximum_s8__dsp(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
void ek_minimum_s8__dsp(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_prelu_s8, for output factors below 1/2. May run in place of an operand that does not repeat.
 * scratch: 256 bytes. */
void ek_prelu_tables_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                             int8_t *output, void *scratch);

/* As ek_batch_matmul_s8, for factors below 1/2 and sums below 2^30: for b whose columns are neighbours, and
 * for b whose summed elements are. scratch: 2 bytes for each element of a row of a, and up to 6 more. */
void ek_batch_matmul_columns_s8__dsp(const ek_batch_matmul_s8_t *p, const int8_t *a,
                                     const int8_t *b, int8_t *output, void *scratch);
void ek_batch_matmul_rows_s8__dsp(const ek_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b,
                                  int8_t *output, void *scratch);

/* As ek_transpose_conv2d_s8, phase by phase: see ek_phases.h. scratch: a byte for each input of an output
 * pixel, at least one. */
void ek_transpose_conv2d_phases_s8__dsp(const ek_transpose_conv2d_s8_t *p, const int8_t *input,
                                         const int8_t *weights, const int32_t *finish,
                                         int8_t *output, void *scratch);

/* As ek_svdf_s8 and ek_lstm_s8, four rows of weights at a time: see the kernels' files. */
void ek_svdf_quads_s8__dsp(const ek_svdf_s8_t *p, const int8_t *input, int16_t *state,
                           const int8_t *weights, const int32_t *bias, const int16_t *times,
                           const int32_t *unit_bias, int8_t *output);
void ek_lstm_quads_s8__dsp(const ek_lstm_s8_t *p, const int8_t *input, int8_t *hidden,
                           int16_t *cell, const ek_requant_t *q, const uint16_t table[256],
                           const int8_t *weights, const int32_t *bias, int8_t *output);

#endif
