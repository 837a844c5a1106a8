/* ek_kernels_mve.h - the kernels of processors with Helium (Cortex-M55, M85), each equal bit for bit
 * to the `ref` kernel of its operator.
 *
 * Weights and factors are packed by the converter; every kernel's file draws its layout. `factors`
 * has rows of folded bias, multiplier and shift, shifts of -1 and less. Activations start at
 * multiples of 4 bytes, as they do in a model's arena.
 */
#ifndef EK_KERNELS_MVE_H
#define EK_KERNELS_MVE_H

#include "ek_kernels.h"

/* As ek_conv2d_s8. Scratch: 64 bytes for each 16 taps of a window; where input_c % 16 != 0, another
 * 16 for each and once. */
void ek_conv2d_s8__mve(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                       const int32_t *factors, int8_t *output, int8_t *scratch);

/* As ek_conv2d_s8, for 1x1 kernels with stride 1, input_c <= 16, output_c % 4 == 0 and four output
 * pixels or more. */
void ek_conv2d_short_s8__mve(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                             const int32_t *factors, int8_t *output);

/* As ek_depthwise_conv2d_s8, for a depth multiplier of 1. Scratch: input_c rounded up to 16, and the
 * size of a pointer for each tap. */
void ek_depthwise_conv2d_s8__mve(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *factors, int8_t *output,
                                 int8_t *scratch);

/* As ek_depthwise_conv2d_s8, for 3x3 kernels without dilation, a depth multiplier of 1 and
 * output_c % 4 == 0; the strides are 1, and 2 in the second. Scratch: 64 bytes and 4 for each
 * channel of output_w, rounded up to 2, plus 2 columns; of twice output_w, rounded up to 4, plus 2. */
void ek_depthwise_conv2d_3x3_s8__mve(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                     const int8_t *weights, const int32_t *factors,
                                     int8_t *output, int8_t *scratch);
void ek_depthwise_conv2d_3x3_stride2_s8__mve(const ek_depthwise_conv2d_s8_t *p,
                                             const int8_t *input, const int8_t *weights,
                                             const int32_t *factors, int8_t *output,
                                             int8_t *scratch);

/* As ek_fully_connected_s8. */
void ek_fully_connected_s8__mve(const ek_fully_connected_s8_t *p, const int8_t *input,
                                const int8_t *weights, const int32_t *factors, int8_t *output);

/* As ek_add_s8 and ek_sub_s8, for operands of one shape, factors of at most 1/2 for them and below it
 * for the result. */
void ek_add_s8__mve(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
void ek_sub_s8__mve(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_mul_s8, for output factors below 1/2. May run in place of an operand that does not repeat. */
void ek_mul_s8__mve(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_maximum_s8 and ek_minimum_s8, for operands in the output's order. */
void ek_maximum_s8__mve(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
void ek_minimum_s8__mve(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_lut_s8. May run in place. */
void ek_lut_s8__mve(int32_t count, const int8_t table[256], const int8_t *input, int8_t *output);

/* As ek_softmax_s8, for rows of at most 4095, with the 256 exponentials that there are. */
void ek_softmax_table_s8__mve(const ek_softmax_s8_t *p, const int8_t *input,
                              const int32_t exponentials[256], int8_t *output);

/* As ek_mean_s8, over the two middle axes, for factors below 1/2. */
void ek_mean_planes_s8__mve(const ek_mean_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_resize_bilinear_s8. */
void ek_resize_bilinear_s8__mve(const ek_resize_bilinear_s8_t *p, const int16_t *rows,
                                const int16_t *columns, const int8_t *input, int8_t *output);

/* As ek_strided_copy_s8, for innermost elements at most 9362 apart, upwards. */
void ek_strided_copy_s8__mve(const ek_strided_copy_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_batch_matmul_s8, for output factors below 1/2: for b whose columns are neighbours, and for a and b
 * whose summed elements are. */
void ek_batch_matmul_columns_s8__mve(const ek_batch_matmul_s8_t *p, const int8_t *a,
                                     const int8_t *b, int8_t *output);
void ek_batch_matmul_rows_s8__mve(const ek_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b,
                                  int8_t *output);

/* As ek_average_pool2d_s8, for windows of up to 255 taps, and as ek_max_pool2d_s8. */
void ek_average_pool2d_s8__mve(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output);
void ek_max_pool2d_s8__mve(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_transpose_conv2d_s8, phase by phase: see ek_phases.h. scratch: a byte for each input of an output
 * pixel, at least one. */
void ek_transpose_conv2d_phases_s8__mve(const ek_transpose_conv2d_s8_t *p, const int8_t *input,
                                         const int8_t *weights, const int32_t *finish,
                                         int8_t *output, void *scratch);

/* As ek_svdf_s8 and ek_lstm_s8, four rows of weights at a time: see the kernels' files. */
void ek_svdf_quads_s8__mve(const ek_svdf_s8_t *p, const int8_t *input, int16_t *state,
                           const int8_t *weights, const int32_t *bias, const int16_t *times,
                           const int32_t *unit_bias, int8_t *output);
void ek_lstm_quads_s8__mve(const ek_lstm_s8_t *p, const int8_t *input, int8_t *hidden,
                           int16_t *cell, const ek_requant_t *q, const uint16_t table[256],
                           const int8_t *weights, const int32_t *bias, int8_t *output);

#endif
