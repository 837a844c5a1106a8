/* ek_kernels_w4.h - kernels with int8 activations and weights of 4 bits.
 *
 * Types "s8w4": int8 in and out, int4 weights. Formulas, parameters, bias and factors are those of
 * the int8 kernel of the operator, see ek_kernels.h; only the weights lie elsewhere: packed two to
 * a byte in rows, see ek_w4.h.
 */
#ifndef EK_KERNELS_W4_H
#define EK_KERNELS_W4_H

#include "ek_kernels.h"

/* As ek_conv2d_s8; a row of weights is one output channel: kernel_h * kernel_w * input_c. */
#define EK_CONV2D_S8W4(isa)                                                              \
    void ek_conv2d_s8w4__##isa(const ek_conv2d_s8_t *p, const ek_requant_t *q,           \
                               const int8_t *input, const uint8_t *weights,              \
                               const int32_t *bias, int8_t *output)
EK_CONV2D_S8W4(ref);

/* As ek_depthwise_conv2d_s8; a row of weights is one tap: output_c. */
#define EK_DEPTHWISE_CONV2D_S8W4(isa)                                                              \
    void ek_depthwise_conv2d_s8w4__##isa(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q, \
                                         const int8_t *input, const uint8_t *weights,              \
                                         const int32_t *bias, int8_t *output)
EK_DEPTHWISE_CONV2D_S8W4(ref);

/* As ek_fully_connected_s8; a row of weights is one output: input_c. */
#define EK_FULLY_CONNECTED_S8W4(isa)                                                           \
    void ek_fully_connected_s8w4__##isa(const ek_fully_connected_s8_t *p,                      \
                                        const ek_requant_t *q, const int8_t *input,            \
                                        const uint8_t *weights, const int32_t *bias,           \
                                        int8_t *output)
EK_FULLY_CONNECTED_S8W4(ref);

#endif
