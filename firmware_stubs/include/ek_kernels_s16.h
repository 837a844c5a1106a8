/* ek_kernels_s16.h - kernels with int16 activations, and the borders to int8 and float32.
 *
 * Types: "s16" int16 in and out; "s16w8" the same with int8 weights and an int64 bias,
 * "s16w4" with weights of 4 bits. All int16
 * values have zero point 0, so padding is 0 and nothing is folded into the bias. Arithmetic:
 * TFLite's 16x8 scheme, as in tflite-micro and tflite-runtime 2.14. Where sums have 64 bits,
 * requant_wide(x, q) rounds once with a multiplier of 15 bits, see ek_requant_s16.h; elsewhere
 * requant(x, q) is that of ek_kernels.h. Structures named after s8 are those of the int8 kernel,
 * with every zero point 0. CONCATENATION, PAD, takes and copies move bytes: they are the int8 kernels.
 */
#ifndef EK_KERNELS_S16_H
#define EK_KERNELS_S16_H

#include "ek_kernels.h"

/* y[h][w][o] = clamp(requant_wide(bias[o] + sum over i,j,c of
 *   x[h*stride_h - pad_top + i*dilation_h][w*stride_w - pad_left + j*dilation_w][c] * k[o][i][j][c],
 *   q[o * q_step]), act_min, act_max)                                       for each batch */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t act_min, act_max;
    int32_t q_step;
} ek_conv2d_s16w8_t;

#define EK_CONV2D_S16W8(isa)                                                        \
    void ek_conv2d_s16w8__##isa(const ek_conv2d_s16w8_t *p, const ek_requant_t *q,  \
                                const int16_t *input, const int8_t *weights,        \
                                const int64_t *bias, int16_t *output)
EK_CONV2D_S16W8(ref);

/* As convolution, with output channel o = c * depth_multiplier + m reading input channel c only
 * and k[i][j][o]. */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c; /* output_c = input_c * depth_multiplier */
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t depth_multiplier;
    int32_t act_min, act_max;
    int32_t q_step;
} ek_depthwise_conv2d_s16w8_t;

#define EK_DEPTHWISE_CONV2D_S16W8(isa)                                                 \
    void ek_depthwise_conv2d_s16w8__##isa(const ek_depthwise_conv2d_s16w8_t *p,        \
                                          const ek_requant_t *q, const int16_t *input, \
                                          const int8_t *weights, const int64_t *bias,  \
                                          int16_t *output)
EK_DEPTHWISE_CONV2D_S16W8(ref);

/* y[r][o] = clamp(requant_wide(bias[o] + sum over i of x[r][i] * w[o][i], q[o * q_step]),
 *   act_min, act_max) */
typedef struct {
    int32_t rows, input_c, output_c;
    int32_t act_min, act_max;
    int32_t q_step;
} ek_fully_connected_s16w8_t;

#define EK_FULLY_CONNECTED_S16W8(isa)                                                 \
    void ek_fully_connected_s16w8__##isa(const ek_fully_connected_s16w8_t *p,         \
                                         const ek_requant_t *q, const int16_t *input, \
                                         const int8_t *weights, const int64_t *bias,  \
                                         int16_t *output)
EK_FULLY_CONNECTED_S16W8(ref);

/* As ek_conv2d_s16w8 and ek_fully_connected_s16w8, with weights of 4 bits packed in rows, see ek_w4.h:
 * a row is one output channel. */
#define EK_CONV2D_S16W4(isa)                                                        \
    void ek_conv2d_s16w4__##isa(const ek_conv2d_s16w8_t *p, const ek_requant_t *q,  \
                                const int16_t *input, const uint8_t *weights,       \
                                const int64_t *bias, int16_t *output)
EK_CONV2D_S16W4(ref);

#define EK_FULLY_CONNECTED_S16W4(isa)                                                  \
    void ek_fully_connected_s16w4__##isa(const ek_fully_connected_s16w8_t *p,          \
                                         const ek_requant_t *q, const int16_t *input,  \
                                         const uint8_t *weights, const int64_t *bias,  \
                                         int16_t *output)
EK_FULLY_CONNECTED_S16W4(ref);

/* As ek_average_pool2d_s8 and ek_max_pool2d_s8. */
#define EK_AVERAGE_POOL2D_S16(isa)                                                  \
    void ek_average_pool2d_s16__##isa(const ek_pool2d_s8_t *p, const int16_t *input, \
                                      int16_t *output)
EK_AVERAGE_POOL2D_S16(ref);

#define EK_MAX_POOL2D_S16(isa) \
    void ek_max_pool2d_s16__##isa(const ek_pool2d_s8_t *p, const int16_t *input, int16_t *output)
EK_MAX_POOL2D_S16(ref);

/* As ek_mean_s8, over at most 65536 elements. */
#define EK_MEAN_S16(isa) \
    void ek_mean_s16__##isa(const ek_mean_s8_t *p, const int16_t *input, int16_t *output)
EK_MEAN_S16(ref);

/* As ek_add_s8, with left_shift = 15, and ek_mul_s8. May run in place of an operand that does not
 * repeat. */
#define EK_ADD_S16(isa)                                                                     \
    void ek_add_s16__##isa(const ek_binary_s8_t *p, const int16_t *a, const int16_t *b,     \
                           int16_t *output)
EK_ADD_S16(ref);

#define EK_MUL_S16(isa)                                                                     \
    void ek_mul_s16__##isa(const ek_binary_s8_t *p, const int16_t *a, const int16_t *b,     \
                           int16_t *output)
EK_MUL_S16(ref);

/* y = 1 / (1 + exp(-x)) in Q0.15. The input counts 1/12288 after
 *   (x * multiplier + half) >> shift;
 * its magnitude's upper bits index a table of sigmoid(i / 24) in Q0.16, the lower 9 interpolate.
 * May run in place. */
typedef struct {
    int32_t count;
    int32_t multiplier, shift;
} ek_sigmoid_s16_t;

#define EK_LOGISTIC_S16(isa)                                                             \
    void ek_logistic_s16__##isa(const ek_sigmoid_s16_t *p, const uint16_t table[256],    \
                                const int16_t *input, int16_t *output)
EK_LOGISTIC_S16(ref);

/* y = tanh(x) = 2 / (1 + exp(-2x)) - 1 in Q0.15, from the same table. May run in place. */
#define EK_TANH_S16(isa)                                                                 \
    void ek_tanh_s16__##isa(const ek_sigmoid_s16_t *p, const uint16_t table[256],        \
                            const int16_t *input, int16_t *output)
EK_TANH_S16(ref);

/* As addition with a - b. */
#define EK_SUB_S16(isa)                                                                  \
    void ek_sub_s16__##isa(const ek_binary_s8_t *p, const int16_t *a, const int16_t *b,  \
                           int16_t *output)
EK_SUB_S16(ref);

/* The larger or smaller of two stored values of one scale. May run in place. */
#define EK_MAXIMUM_S16(isa)                                                                  \
    void ek_maximum_s16__##isa(const ek_choice_s8_t *p, const int16_t *a, const int16_t *b,  \
                               int16_t *output)
EK_MAXIMUM_S16(ref);

#define EK_MINIMUM_S16(isa)                                                                  \
    void ek_minimum_s16__##isa(const ek_choice_s8_t *p, const int16_t *a, const int16_t *b,  \
                               int16_t *output)
EK_MINIMUM_S16(ref);

/* y = clamp(requant(x, x >= 0 ? positive_q : negative_q)). May run in place. */
typedef struct {
    int32_t count;
    ek_requant_t positive_q, negative_q;
} ek_leaky_relu_s16_t;

#define EK_LEAKY_RELU_S16(isa)                                                            \
    void ek_leaky_relu_s16__##isa(const ek_leaky_relu_s16_t *p, const int16_t *input,     \
                                  int16_t *output)
EK_LEAKY_RELU_S16(ref);

/* As the int8 kernels of these names, over int16. */
#define EK_STRIDED_COPY_S16(isa)                                                            \
    void ek_strided_copy_s16__##isa(const ek_strided_copy_s8_t *p, const int16_t *input,    \
                                    int16_t *output)
EK_STRIDED_COPY_S16(ref);

#define EK_PAD_S16(isa) \
    void ek_pad_s16__##isa(const ek_pad_s8_t *p, const int16_t *input, int16_t *output)
EK_PAD_S16(ref);

/* Softmax along the last axis in Q0.15. `powers` is exp at 513 points from -10 to 0, `reciprocals`
 * 1 / (1 + x) at 513 points from 0 to 1, both in Q0.15 and read with linear interpolation; q brings
 * differences to steps of 10 / 65535. May run in place. */
typedef struct {
    int32_t rows, depth;
    ek_requant_t q;
} ek_softmax_s16_t;

#define EK_SOFTMAX_S16(isa)                                                          \
    void ek_softmax_s16__##isa(const ek_softmax_s16_t *p, const int16_t powers[513], \
                               const int16_t reciprocals[513], const int16_t *input, \
                               int16_t *output)
EK_SOFTMAX_S16(ref);

/* y = clamp(requant(x - input_zero, q) + output_zero, act_min, act_max): RELU, RELU6, and from one
 * scale or integer type to another. The one from int16 to int16 may run in place. */
typedef struct {
    int32_t count;
    int32_t input_zero, output_zero;
    ek_requant_t q;
    int32_t act_min, act_max;
} ek_requantize_t;

#define EK_REQUANTIZE_S16(isa) \
    void ek_requantize_s16__##isa(const ek_requantize_t *p, const int16_t *input, int16_t *output)
EK_REQUANTIZE_S16(ref);

#define EK_REQUANTIZE_S8_S16(isa) \
    void ek_requantize_s8_s16__##isa(const ek_requantize_t *p, const int8_t *input, int16_t *output)
EK_REQUANTIZE_S8_S16(ref);

#define EK_REQUANTIZE_S16_S8(isa) \
    void ek_requantize_s16_s8__##isa(const ek_requantize_t *p, const int16_t *input, int8_t *output)
EK_REQUANTIZE_S16_S8(ref);

/* y = clamp(round_half_away(x / scale)), the quotient in float32. Quotients too large for an
 * integer saturate; NaN gives 0. */
#define EK_QUANTIZE_F32_S16(isa)                                                                 \
    void ek_quantize_f32_s16__##isa(int32_t count, float scale, const float *input, int16_t *output)
EK_QUANTIZE_F32_S16(ref);

/* y = x * scale */
#define EK_DEQUANTIZE_S16_F32(isa)                                                               \
    void ek_dequantize_s16_f32__##isa(int32_t count, float scale, const int16_t *input,          \
                                      float *output)
EK_DEQUANTIZE_S16_F32(ref);

/* As ek_transpose_conv2d_s8 with every zero point 0 and sums of 64 bits: requant_wide. */
#define EK_TRANSPOSE_CONV2D_S16W8(isa)                                                       \
    void ek_transpose_conv2d_s16w8__##isa(const ek_transpose_conv2d_s8_t *p,                 \
                                          const ek_requant_t *q, const int16_t *input,       \
                                          const int8_t *weights, const int64_t *bias,        \
                                          int16_t *output)
EK_TRANSPOSE_CONV2D_S16W8(ref);

/* As the int8 kernels of these names, over int16; prelu may run in place of an x that does not
 * repeat. */
#define EK_RESIZE_BILINEAR_S16(isa)                                                              \
    void ek_resize_bilinear_s16__##isa(const ek_resize_bilinear_s8_t *p, const int16_t *rows,    \
                                       const int16_t *columns, const int16_t *input,             \
                                       int16_t *output)
EK_RESIZE_BILINEAR_S16(ref);

#define EK_REDUCE_MIN_S16(isa) \
    void ek_reduce_min_s16__##isa(const ek_arg_max_s8_t *p, const int16_t *input, int16_t *output)
EK_REDUCE_MIN_S16(ref);

#define EK_PRELU_S16(isa)                                                                  \
    void ek_prelu_s16__##isa(const ek_binary_s8_t *p, const int16_t *a, const int16_t *b,  \
                             int16_t *output)
EK_PRELU_S16(ref);

/* As ek_batch_matmul_s8 with every zero point 0 and sums of 64 bits: requant_wide. */
#define EK_BATCH_MATMUL_S16(isa)                                                              \
    void ek_batch_matmul_s16__##isa(const ek_batch_matmul_s8_t *p, const int16_t *a,          \
                                    const int16_t *b, int16_t *output)
EK_BATCH_MATMUL_S16(ref);

/* As ek_select_s8. */
#define EK_SELECT_S16(isa)                                                                 \
    void ek_select_s16__##isa(const ek_select_t *p, const int8_t *condition,               \
                              const int16_t *a, const int16_t *b, int16_t *output)
EK_SELECT_S16(ref);

/* As ek_tree_ensemble_s8_f32. */
#define EK_TREE_ENSEMBLE_S16_F32(isa)                                                            \
    void ek_tree_ensemble_s16_f32__##isa(const ek_tree_ensemble_t *p, const int16_t *input,      \
                                         const int16_t *features, const int16_t *thresholds,     \
                                         const int16_t *children, const int32_t *trees,          \
                                         const float *leaves, float *output)
EK_TREE_ENSEMBLE_S16_F32(ref);

#endif
