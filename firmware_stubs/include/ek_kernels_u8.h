/* ek_kernels_u8.h - kernels for models of the legacy uint8 scheme.
 *
 * Types "s8u8": int8 activations, the legacy ones less 128, and uint8 weights with a zero point of
 * their own. Parameters and factors are those of the int8 kernels, see ek_kernels.h; nothing is
 * folded into the bias. "up": means round halves up, as they did.
 */
#ifndef EK_KERNELS_U8_H
#define EK_KERNELS_U8_H

#include "ek_kernels.h"

/* y[h][w][o] = clamp(requant(bias[o] + sum over the taps inside the input of
 *   (x[..][c] - input_zero) * (k[o][i][j][c] - weights_zero), q[o * q_step]) + output_zero) */
#define EK_CONV2D_S8U8(isa)                                                              \
    void ek_conv2d_s8u8__##isa(const ek_conv2d_s8_t *p, const ek_requant_t *q,           \
                               int32_t weights_zero, const int8_t *input,                \
                               const uint8_t *weights, const int32_t *bias, int8_t *output)
EK_CONV2D_S8U8(ref);

/* The same with output channel o = c * depth_multiplier + m reading channel c, and k[i][j][o]. */
#define EK_DEPTHWISE_CONV2D_S8U8(isa)                                                              \
    void ek_depthwise_conv2d_s8u8__##isa(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q, \
                                         int32_t weights_zero, const int8_t *input,                \
                                         const uint8_t *weights, const int32_t *bias,              \
                                         int8_t *output)
EK_DEPTHWISE_CONV2D_S8U8(ref);

/* y = clamp(floor(mean of the window's taps inside the input + 1/2)) */
#define EK_AVERAGE_POOL2D_UP_S8(isa) \
    void ek_average_pool2d_up_s8__##isa(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
EK_AVERAGE_POOL2D_UP_S8(ref);

#endif
