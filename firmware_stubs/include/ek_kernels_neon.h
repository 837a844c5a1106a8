/* ek_kernels_neon.h - the kernels of 64-bit Arm processors (Raspberry Pi, Android), each equal bit
 * for bit to the `ref` kernel of its operator.
 *
 * Weights and factors are packed by the converter; every kernel's file says where its layout is
 * drawn. Weights are above -128. Activations may have any alignment.
 */
#ifndef EK_KERNELS_NEON_H
#define EK_KERNELS_NEON_H

#include "ek_kernels.h"

/* As ek_conv2d_s8. Scratch: four windows, each rounded up to 16 taps. */
void ek_conv2d_s8__neon(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                        const int32_t *factors, int8_t *output, int8_t *scratch);

/* As ek_depthwise_conv2d_s8, for a depth multiplier of 1 and eight channels or more. Scratch, at a
 * multiple of 8 bytes: the size of a pointer for each tap, and input_c. */
void ek_depthwise_conv2d_s8__neon(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                  const int8_t *weights, const int32_t *factors, int8_t *output,
                                  int8_t *scratch);

/* The same for 3x3 kernels, of any stride and dilation, without scratch. */
void ek_depthwise_conv2d_3x3_s8__neon(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *factors,
                                      int8_t *output);

/* As ek_fully_connected_s8. Scratch: four rows of input_c rounded up to 16. */
void ek_fully_connected_s8__neon(const ek_fully_connected_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *factors, int8_t *output,
                                 int8_t *scratch);

/* As ek_average_pool2d_s8, for eight channels or more and up to 2^16 taps. */
void ek_average_pool2d_s8__neon(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_max_pool2d_s8, for eight channels or more. */
void ek_max_pool2d_s8__neon(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_mean_s8, over the two middle axes, for eight channels or more. */
void ek_mean_planes_s8__neon(const ek_mean_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_maximum_s8 and ek_minimum_s8, broadcasting and in place included. */
void ek_maximum_s8__neon(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
void ek_minimum_s8__neon(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_add_s8, ek_sub_s8 and ek_mul_s8, broadcasting and in place included. */
void ek_add_s8__neon(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
void ek_sub_s8__neon(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
void ek_mul_s8__neon(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_lut_s8, in place included. */
void ek_lut_s8__neon(int32_t count, const int8_t table[256], const int8_t *input, int8_t *output);

#endif
