/* ek_kernels_c32.h - the kernels of small processors without packed arithmetic (Cortex-M0, M0+, M3),
 * in portable C, each equal bit for bit to the `ref` kernel of its operator.
 *
 * Weights and factors are packed by the converter; every kernel's file draws its layout. ek_c32.h says
 * what a row of `finish` holds.
 */
#ifndef EK_KERNELS_C32_H
#define EK_KERNELS_C32_H

#include "ek_kernels.h"

/* As ek_conv2d_s8. scratch: two windows, a byte a tap. */
void ek_conv2d_quads_s8__c32(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                             const int32_t *finish, int8_t *output, void *scratch);

/* As ek_depthwise_conv2d_s8, for 3x3 kernels without dilation and multiplier. May run in place.
 * scratch: see the kernel's file. */
void ek_depthwise_conv2d_3x3_s8__c32(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                     const int8_t *weights, const int32_t *finish, int8_t *output,
                                     void *scratch);

/* As ek_fully_connected_s8, four outputs at a time. */
void ek_fully_connected_quads_s8__c32(const ek_fully_connected_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *finish, int8_t *output);

/* As ek_average_pool2d_s8 and ek_max_pool2d_s8. */
void ek_average_pool2d_s8__c32(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output);
void ek_max_pool2d_s8__c32(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_mean_s8, over the two middle axes. */
void ek_mean_planes_s8__c32(const ek_mean_s8_t *p, const int8_t *input, int8_t *output);

/* As ek_add_s8 and ek_sub_s8, for operands of one shape. May run in place of an operand. scratch: 2048
 * bytes. */
void ek_add_tables_s8__c32(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                           int8_t *output, void *scratch);
void ek_sub_tables_s8__c32(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                           int8_t *output, void *scratch);

/* As ek_mul_s8, for output factors below 1/2. May run in place of an operand that does not repeat. */
void ek_mul_s8__c32(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_transpose_conv2d_s8, phase by phase: see ek_phases.h. scratch: a byte for each input of an output
 * pixel, at least one. */
void ek_transpose_conv2d_phases_s8__c32(const ek_transpose_conv2d_s8_t *p, const int8_t *input,
                                         const int8_t *weights, const int32_t *finish,
                                         int8_t *output, void *scratch);

#endif
