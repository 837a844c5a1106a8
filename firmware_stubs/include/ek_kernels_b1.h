/* ek_kernels_b1.h - kernels on packed signs, for binarized networks.
 *
 * Type "b1": a pixel's channels are signs, 32 to a word of uint32_t; bit i of word j is channel
 * 32 j + i, 1 for -1 and 0 for +1. The last word of a pixel is filled up with zeros. Layouts and
 * roundings are those of the Larq Compute Engine 0.16. A product of signs is -1 where their bits
 * differ: over K taps the sum is K - 2 * acc, with acc the number of bits that differ.
 */
#ifndef EK_KERNELS_B1_H
#define EK_KERNELS_B1_H

#include "ek_kernels.h"

/* acc[h][w][o] = sum over i,j,k of bits(
 *   x[h*stride_h - pad_top + i*dilation_h][w*stride_w - pad_left + j*dilation_w][g*group_words + k]
 *   ^ k[o][i][j][k])                      for each batch, with g = o / (output_c / groups)
 * Outside the input x is 0, all +1, where `pad_ones` is set. Else every tap outside adds `pad_bits`
 * instead: half the channels of a group, as if each were neither +1 nor -1. */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w;
    int32_t group_words, groups; /* words of a pixel: group_words * groups */
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t pad_ones, pad_bits;
    int32_t acc2_min, acc2_max; /* 2 * acc is clamped: the activation */
} ek_conv2d_b1_t;

/* Packed: bit o of y[h][w] = acc[h][w][o] > threshold[o] */
#define EK_CONV2D_B1(isa)                                                                       \
    void ek_conv2d_b1__##isa(const ek_conv2d_b1_t *p, const uint32_t *input,                    \
                             const uint32_t *weights, const int32_t *threshold, uint32_t *output)
EK_CONV2D_B1(ref);

/* y[h][w][o] = round(clamp(2 * acc[h][w][o], acc2_min, acc2_max) * multiplier[o] + bias[o]),
 * product and sum rounded to float32 each, halves away from zero, saturated to int8. */
#define EK_CONV2D_B1_S8(isa)                                                             \
    void ek_conv2d_b1_s8__##isa(const ek_conv2d_b1_t *p, const uint32_t *input,          \
                                const uint32_t *weights, const float *multiplier,        \
                                const float *bias, int8_t *output)
EK_CONV2D_B1_S8(ref);

/* The same, left in float32. */
#define EK_CONV2D_B1_F32(isa)                                                            \
    void ek_conv2d_b1_f32__##isa(const ek_conv2d_b1_t *p, const uint32_t *input,         \
                                 const uint32_t *weights, const float *multiplier,       \
                                 const float *bias, float *output)
EK_CONV2D_B1_F32(ref);

/* y[h][w][k] = AND over the taps inside of x: a maximum of signs. */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, words;
    int32_t output_h, output_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
} ek_max_pool2d_b1_t;

#define EK_MAX_POOL2D_B1(isa)                                                           \
    void ek_max_pool2d_b1__##isa(const ek_max_pool2d_b1_t *p, const uint32_t *input,    \
                                 uint32_t *output)
EK_MAX_POOL2D_B1(ref);

/* Bit c of y[r] = x[r][c] < zero, for rows of `channels`. */
#define EK_SIGN_S8_B1(isa)                                                              \
    void ek_sign_s8_b1__##isa(int32_t rows, int32_t channels, int32_t zero,             \
                              const int8_t *input, uint32_t *output)
EK_SIGN_S8_B1(ref);

/* Bit c of y[r] = x[r][c] < 0. */
#define EK_SIGN_F32_B1(isa)                                                             \
    void ek_sign_f32_b1__##isa(int32_t rows, int32_t channels, const float *input,      \
                               uint32_t *output)
EK_SIGN_F32_B1(ref);

/* y[r][c] = minus where bit c of x[r] is set, else plus. */
#define EK_UNPACK_B1_S8(isa)                                                            \
    void ek_unpack_b1_s8__##isa(int32_t rows, int32_t channels, int32_t plus,           \
                                int32_t minus, const uint32_t *input, int8_t *output)
EK_UNPACK_B1_S8(ref);

/* y[r][c] = -1 where bit c of x[r] is set, else 1. */
#define EK_UNPACK_B1_F32(isa)                                                           \
    void ek_unpack_b1_f32__##isa(int32_t rows, int32_t channels, const uint32_t *input, \
                                 float *output)
EK_UNPACK_B1_F32(ref);

#endif
