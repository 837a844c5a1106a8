/* ek_kernels_f32.h - kernels that compute in float32.
 *
 * Type "f32": float32 in and out. Layouts as in ek_kernels.h. Sums are taken in the order of the
 * weights, one product after the other, as LiteRT's reference does; a compiler that contracts
 * products and sums (-ffp-contract=fast) changes the last bits. CONCATENATION, PAD and copies move
 * bytes: they are the int8 kernels. Padding is 0. Clamps that do nothing are -FLT_MAX and FLT_MAX.
 */
#ifndef EK_KERNELS_F32_H
#define EK_KERNELS_F32_H

#include "ek_kernels.h"

/* y[h][w][o] = clamp(bias[o] + sum over i,j,c of
 *   x[h*stride_h - pad_top + i*dilation_h][w*stride_w - pad_left + j*dilation_w][c] * k[o][i][j][c],
 *   act_min, act_max)                                                       for each batch */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    float act_min, act_max;
} ek_conv2d_f32_t;

#define EK_CONV2D_F32(isa)                                                                     \
    void ek_conv2d_f32__##isa(const ek_conv2d_f32_t *p, const float *input, const float *weights, \
                              const float *bias, float *output)
EK_CONV2D_F32(ref);

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
    float act_min, act_max;
} ek_depthwise_conv2d_f32_t;

#define EK_DEPTHWISE_CONV2D_F32(isa)                                                   \
    void ek_depthwise_conv2d_f32__##isa(const ek_depthwise_conv2d_f32_t *p,            \
                                        const float *input, const float *weights,      \
                                        const float *bias, float *output)
EK_DEPTHWISE_CONV2D_F32(ref);

/* Every input is spread over a window of outputs: output (h, w) sums taps (i, j) of the inputs
 * (y, x) with h = y * stride_h - pad_top + i and w = x * stride_w - pad_left + j.
 * y[h][w][o] = clamp(bias[o] + sum over those of x[y][x][c] * k[o][i][j][c], act_min, act_max) */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left; /* at least 0 */
    float act_min, act_max;
} ek_transpose_conv2d_f32_t;

#define EK_TRANSPOSE_CONV2D_F32(isa)                                                  \
    void ek_transpose_conv2d_f32__##isa(const ek_transpose_conv2d_f32_t *p,           \
                                        const float *input, const float *weights,     \
                                        const float *bias, float *output)
EK_TRANSPOSE_CONV2D_F32(ref);

/* y[i][j][r][c] = sum over k < inner of
 *   a[i * a_stride[0] + j * a_stride[1] + r * a_stride[2] + k * a_stride[3]] *
 *   b[i * b_stride[0] + j * b_stride[1] + k * b_stride[2] + c * b_stride[3]]
 * A batch stride of 0 repeats a matrix; swapped strides transpose it. */
typedef struct {
    int32_t extent[4]; /* of the output: two batch axes, rows, columns */
    int32_t inner;
    int32_t a_stride[4], b_stride[4];
} ek_batch_matmul_f32_t;

#define EK_BATCH_MATMUL_F32(isa)                                                      \
    void ek_batch_matmul_f32__##isa(const ek_batch_matmul_f32_t *p, const float *a,   \
                                    const float *b, float *output)
EK_BATCH_MATMUL_F32(ref);

/* Each output is weighted between four inputs. `rows` and `columns` hold the lower and the upper
 * neighbour's index of every output index, `down` and `across` the weight of the upper one. */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, channels;
    int32_t output_h, output_w;
} ek_resize_bilinear_f32_t;

#define EK_RESIZE_BILINEAR_F32(isa)                                                          \
    void ek_resize_bilinear_f32__##isa(const ek_resize_bilinear_f32_t *p, const int16_t *rows, \
                                       const int16_t *columns, const float *down,            \
                                       const float *across, const float *input, float *output)
EK_RESIZE_BILINEAR_F32(ref);

/* y[r][o] = clamp(bias[o] + sum over i of x[r][i] * w[o][i], act_min, act_max) */
typedef struct {
    int32_t rows, input_c, output_c;
    float act_min, act_max;
} ek_fully_connected_f32_t;

#define EK_FULLY_CONNECTED_F32(isa)                                                \
    void ek_fully_connected_f32__##isa(const ek_fully_connected_f32_t *p,          \
                                       const float *input, const float *weights,   \
                                       const float *bias, float *output)
EK_FULLY_CONNECTED_F32(ref);

/* Pooling over the window's taps that lie inside the input.
 * average: clamp(sum / taps); max: clamp(max). */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, channels;
    int32_t output_h, output_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    float act_min, act_max;
} ek_pool2d_f32_t;

#define EK_AVERAGE_POOL2D_F32(isa) \
    void ek_average_pool2d_f32__##isa(const ek_pool2d_f32_t *p, const float *input, float *output)
EK_AVERAGE_POOL2D_F32(ref);

#define EK_MAX_POOL2D_F32(isa) \
    void ek_max_pool2d_f32__##isa(const ek_pool2d_f32_t *p, const float *input, float *output)
EK_MAX_POOL2D_F32(ref);

/* Sum over any set of axes of a tensor seen as up to four extents, over `divisor`: the number of
 * elements for a mean, 1 for a sum. reduce[d] != 0 marks axis d. */
typedef struct {
    int32_t extent[4];
    int32_t reduce[4];
    float divisor;
} ek_mean_f32_t;

#define EK_MEAN_F32(isa) \
    void ek_mean_f32__##isa(const ek_mean_f32_t *p, const float *input, float *output)
EK_MEAN_F32(ref);

/* Binary elementwise with broadcasting over up to four axes: a stride of 0 repeats that operand.
 * add, sub, mul: clamp(a op b, act_min, act_max); maximum, minimum: the larger, the smaller;
 * prelu: a, or a * b where a is negative. May run in place of an operand that does not repeat. */
typedef struct {
    int32_t extent[4];              /* output extents, outermost first, padded with ones */
    int32_t a_stride[4], b_stride[4];
    float act_min, act_max;
} ek_binary_f32_t;

#define EK_ADD_F32(isa) \
    void ek_add_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b, float *output)
EK_ADD_F32(ref);

#define EK_SUB_F32(isa) \
    void ek_sub_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b, float *output)
EK_SUB_F32(ref);

#define EK_MUL_F32(isa) \
    void ek_mul_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b, float *output)
EK_MUL_F32(ref);

#define EK_MAXIMUM_F32(isa)                                                               \
    void ek_maximum_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b,  \
                               float *output)
EK_MAXIMUM_F32(ref);

#define EK_MINIMUM_F32(isa)                                                               \
    void ek_minimum_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b,  \
                               float *output)
EK_MINIMUM_F32(ref);

#define EK_PRELU_F32(isa)                                                                 \
    void ek_prelu_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b,    \
                             float *output)
EK_PRELU_F32(ref);

/* Softmax along the last axis: exp(beta * (x - max)) over the sum of those. May run in place. */
typedef struct {
    int32_t rows, depth;
    float beta;
} ek_softmax_f32_t;

#define EK_SOFTMAX_F32(isa) \
    void ek_softmax_f32__##isa(const ek_softmax_f32_t *p, const float *input, float *output)
EK_SOFTMAX_F32(ref);

/* Functions of one value; all may run in place.
 *   clamp       min(max(x, low), high): RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1
 *   logistic    1 / (1 + exp(-x))
 *   tanh        hyperbolic tangent
 *   elu         x, or exp(x) - 1 where x is negative
 *   hard_swish  x * min(max(x + 3, 0), 6) / 6
 *   leaky_relu  x, or alpha * x where x is negative */
#define EK_CLAMP_F32(isa)                                                                  \
    void ek_clamp_f32__##isa(int32_t count, float low, float high, const float *input,     \
                             float *output)
EK_CLAMP_F32(ref);

#define EK_LOGISTIC_F32(isa) \
    void ek_logistic_f32__##isa(int32_t count, const float *input, float *output)
EK_LOGISTIC_F32(ref);

#define EK_TANH_F32(isa) void ek_tanh_f32__##isa(int32_t count, const float *input, float *output)
EK_TANH_F32(ref);

#define EK_ELU_F32(isa) void ek_elu_f32__##isa(int32_t count, const float *input, float *output)
EK_ELU_F32(ref);

#define EK_HARD_SWISH_F32(isa) \
    void ek_hard_swish_f32__##isa(int32_t count, const float *input, float *output)
EK_HARD_SWISH_F32(ref);

#define EK_LEAKY_RELU_F32(isa) \
    void ek_leaky_relu_f32__##isa(int32_t count, float alpha, const float *input, float *output)
EK_LEAKY_RELU_F32(ref);

/* As the int8 kernels of these names, over floats. */
#define EK_STRIDED_COPY_F32(isa)                                                          \
    void ek_strided_copy_f32__##isa(const ek_strided_copy_s8_t *p, const float *input,    \
                                    float *output)
EK_STRIDED_COPY_F32(ref);

typedef struct {
    int32_t extent[4]; /* of the input */
    int32_t before[4], after[4];
    float value;
} ek_pad_f32_t;

#define EK_PAD_F32(isa) \
    void ek_pad_f32__##isa(const ek_pad_f32_t *p, const float *input, float *output)
EK_PAD_F32(ref);

#define EK_ARG_MAX_F32(isa) \
    void ek_arg_max_f32__##isa(const ek_arg_max_s8_t *p, const float *input, int32_t *output)
EK_ARG_MAX_F32(ref);

/* As ek_svdf_s8 and ek_lstm_s8, in real numbers; an SVDF clamps its output. */
typedef struct {
    int32_t batches, input_c;
    int32_t filters, memory, rank;
    float act_min, act_max;
} ek_svdf_f32_t;

#define EK_SVDF_F32(isa)                                                               \
    void ek_svdf_f32__##isa(const ek_svdf_f32_t *p, const float *input,                \
                            const float *weights, const float *times,                  \
                            const float *bias, float *state, float *output)
EK_SVDF_F32(ref);

typedef struct {
    int32_t batches, steps, input_c, units;
    int32_t batch_stride, step_stride;
    float cell_clip;
} ek_lstm_f32_t;

#define EK_LSTM_F32(isa)                                                                  \
    void ek_lstm_f32__##isa(const ek_lstm_f32_t *p, const float *input,                   \
                            const float *weights, const float *recurrent,                 \
                            const float *bias, float *hidden, float *cell, float *output)
EK_LSTM_F32(ref);

/* |x|, -x, x * x, the integer below, exp, log, the root and one over it; all may run in place. */
#define EK_ABS_F32(isa) \
    void ek_abs_f32__##isa(int32_t count, const float *input, float *output)
EK_ABS_F32(ref);

#define EK_NEG_F32(isa) \
    void ek_neg_f32__##isa(int32_t count, const float *input, float *output)
EK_NEG_F32(ref);

#define EK_SQUARE_F32(isa) \
    void ek_square_f32__##isa(int32_t count, const float *input, float *output)
EK_SQUARE_F32(ref);

#define EK_FLOOR_F32(isa) \
    void ek_floor_f32__##isa(int32_t count, const float *input, float *output)
EK_FLOOR_F32(ref);

#define EK_EXP_F32(isa) \
    void ek_exp_f32__##isa(int32_t count, const float *input, float *output)
EK_EXP_F32(ref);

#define EK_LOG_F32(isa) \
    void ek_log_f32__##isa(int32_t count, const float *input, float *output)
EK_LOG_F32(ref);

#define EK_SQRT_F32(isa) \
    void ek_sqrt_f32__##isa(int32_t count, const float *input, float *output)
EK_SQRT_F32(ref);

#define EK_RSQRT_F32(isa) \
    void ek_rsqrt_f32__##isa(int32_t count, const float *input, float *output)
EK_RSQRT_F32(ref);

/* x times the share of a normal distribution below x, exact and with tanh in its place; the integer
 * above, the nearest one (even of two), -1, 0 or 1, sine and cosine; all may run in place. */
#define EK_GELU_F32(isa) \
    void ek_gelu_f32__##isa(int32_t count, const float *input, float *output)
EK_GELU_F32(ref);

#define EK_GELU_TANH_F32(isa) \
    void ek_gelu_tanh_f32__##isa(int32_t count, const float *input, float *output)
EK_GELU_TANH_F32(ref);

#define EK_CEIL_F32(isa) \
    void ek_ceil_f32__##isa(int32_t count, const float *input, float *output)
EK_CEIL_F32(ref);

#define EK_ROUND_F32(isa) \
    void ek_round_f32__##isa(int32_t count, const float *input, float *output)
EK_ROUND_F32(ref);

#define EK_SIGN_F32(isa) \
    void ek_sign_f32__##isa(int32_t count, const float *input, float *output)
EK_SIGN_F32(ref);

#define EK_SIN_F32(isa) \
    void ek_sin_f32__##isa(int32_t count, const float *input, float *output)
EK_SIN_F32(ref);

#define EK_COS_F32(isa) \
    void ek_cos_f32__##isa(int32_t count, const float *input, float *output)
EK_COS_F32(ref);

/* a to the power b, and the integer below a / b, with broadcasting as in addition, not clamped. */
#define EK_POW_F32(isa) \
    void ek_pow_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b, float *output)
EK_POW_F32(ref);

#define EK_FLOOR_DIV_F32(isa)                                                               \
    void ek_floor_div_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b,  \
                                 float *output)
EK_FLOOR_DIV_F32(ref);

/* a / b, clamped, and (a - b)^2, with broadcasting as in addition. */
#define EK_DIV_F32(isa) \
    void ek_div_f32__##isa(const ek_binary_f32_t *p, const float *a, const float *b, float *output)
EK_DIV_F32(ref);

#define EK_SQUARED_DIFFERENCE_F32(isa)                                               \
    void ek_squared_difference_f32__##isa(const ek_binary_f32_t *p, const float *a,  \
                                          const float *b, float *output)
EK_SQUARED_DIFFERENCE_F32(ref);

/* y[i][j] = min over k of x[i][k][j] */
#define EK_REDUCE_MIN_F32(isa) \
    void ek_reduce_min_f32__##isa(const ek_arg_max_s8_t *p, const float *input, float *output)
EK_REDUCE_MIN_F32(ref);

/* Along the last axis: x - max - log(sum of exp(x - max)); x over max(root of the sum of squares,
 * 1e-6). Both may run in place. */
typedef struct {
    int32_t rows, depth;
} ek_rows_t;

#define EK_LOG_SOFTMAX_F32(isa) \
    void ek_log_softmax_f32__##isa(const ek_rows_t *p, const float *input, float *output)
EK_LOG_SOFTMAX_F32(ref);

#define EK_L2_NORMALIZATION_F32(isa) \
    void ek_l2_normalization_f32__##isa(const ek_rows_t *p, const float *input, float *output)
EK_L2_NORMALIZATION_F32(ref);

/* As ek_compare_s32 and ek_select_s8. */
#define EK_COMPARE_F32(isa)                                                                \
    void ek_compare_f32__##isa(const ek_compare_t *p, const float *a, const float *b,      \
                               int8_t *output)
EK_COMPARE_F32(ref);

#define EK_SELECT_F32(isa)                                                                 \
    void ek_select_f32__##isa(const ek_select_t *p, const int8_t *condition,               \
                              const float *a, const float *b, float *output)
EK_SELECT_F32(ref);

/* y[i][k][j] = sum of x[i][0][j] ... x[i][k][j], without the last if `exclusive`; if `reverse` of
 * x[i][k][j] ... x[i][count - 1][j], without the first. */
typedef struct {
    int32_t outer, count, inner;
    int32_t exclusive, reverse;
} ek_cumsum_f32_t;

#define EK_CUMSUM_F32(isa) \
    void ek_cumsum_f32__##isa(const ek_cumsum_f32_t *p, const float *input, float *output)
EK_CUMSUM_F32(ref);

/* A detection head. Box b is decoded against its anchor, both as y, x, height, width:
 *   centre = encoding / scale * anchor size + anchor centre, half = exp(encoding / scale) * anchor
 *   size / 2, in double, each rounded to float; top, left, bottom, right = centre -+ half
 * `values` floats encode a box, 4 of which count; `columns` are the classes, or one more, with the
 * background first. Scores below score_threshold, and boxes that share more than iou_threshold of
 * their union with a better one, are out; of equal ones the first is better. Outputs, rows of 0
 * behind what is found: boxes [max_detections * classes_per_box][4], classes and chosen scores
 * [max_detections * classes_per_box], count [1].
 * scratch: 24 bytes a box, aligned to 4. */
typedef struct {
    int32_t boxes, values;
    int32_t classes, columns;
    int32_t max_detections, classes_per_box, per_class;
    float score_threshold, iou_threshold;
    float y_scale, x_scale, h_scale, w_scale;
} ek_detections_f32_t;

/* Boxes compete by their best class; one kept takes classes_per_box rows, best class first. */
#define EK_DETECTIONS_F32(isa)                                                                    \
    void ek_detections_f32__##isa(const ek_detections_f32_t *p, const float *encodings,           \
                                  const float *scores, const float *anchors, float *boxes,        \
                                  float *classes, float *chosen, float *count, void *scratch)
EK_DETECTIONS_F32(ref);

/* Boxes compete class by class, at most per_class are kept of each; of all, the best remain, of
 * equal ones those of the first class. */
#define EK_DETECTIONS_BY_CLASS_F32(isa)                                                           \
    void ek_detections_by_class_f32__##isa(const ek_detections_f32_t *p, const float *encodings,  \
                                           const float *scores, const float *anchors,             \
                                           float *boxes, float *classes, float *chosen,           \
                                           float *count, void *scratch)
EK_DETECTIONS_BY_CLASS_F32(ref);

/* Trees on float32: see ek_tree_ensemble_t. A NaN goes to the second child. */
#define EK_TREE_ENSEMBLE_F32(isa)                                                             \
    void ek_tree_ensemble_f32__##isa(const ek_tree_ensemble_t *p, const float *input,         \
                                     const int16_t *features, const float *thresholds,        \
                                     const int16_t *children, const int32_t *trees,           \
                                     const float *leaves, float *output)
EK_TREE_ENSEMBLE_F32(ref);

#endif
