/* ek_kernels.h - every kernel's signature, stated once, with its formula above it.
 *
 * Names: ek_<operator>_<types>__<isa>(), in kernels/<isa>/<operator>_<types>.c.
 * Layout: activations NHWC, convolution weights OHWI, depthwise weights 1HWC, int8 row-major.
 * Arithmetic: TFLite's int8 scheme with double rounding (tflite-micro, tflite-runtime 2.14):
 *   requant(x, q) = rounding_right_shift(saturating_doubling_high_mul(x << left, multiplier), right)
 * where q.shift > 0 is `left` and q.shift < 0 is minus `right`; see ek_requant.h.
 * `bias` has the input's zero point folded in by the converter: bias[o] - zero_point * sum(w[o]).
 * Taps that fall outside the input read `input_zero`, so that the folding stays exact.
 * q[] has one entry per output channel (step 1) or one for all (step 0): entry o is q[o * q_step].
 */
#ifndef EK_KERNELS_H
#define EK_KERNELS_H

#include <stdint.h>

/* A real factor f becomes, with f = fraction * 2^exponent and 0.5 <= fraction < 1:
 *   multiplier = round(fraction * 2^31), shift = exponent
 * (a multiplier of 2^31 is halved and its shift raised; a shift below -31 makes both 0). Where the
 * factor is a quotient of scales, those are float32 values divided and multiplied as doubles. */
typedef struct {
    int32_t multiplier; /* Q31, 0 or in [2^30, 2^31); smaller in ek_mean_s8_t only */
    int32_t shift;      /* > 0: shift left before, < 0: shift right after the multiplication */
} ek_requant_t;

/* y[h][w][o] = clamp(requant(bias[o] + sum over i,j,c of
 *   x[h*stride_h - pad_top + i*dilation_h][w*stride_w - pad_left + j*dilation_w][c] * k[o][i][j][c],
 *   q[o * q_step]) + output_zero, act_min, act_max)                         for each batch */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t input_zero, output_zero;
    int32_t act_min, act_max;
    int32_t q_step;
} ek_conv2d_s8_t;

#define EK_CONV2D_S8(isa)                                                                         \
    void ek_conv2d_s8__##isa(const ek_conv2d_s8_t *p, const ek_requant_t *q, const int8_t *input, \
                             const int8_t *weights, const int32_t *bias, int8_t *output)
EK_CONV2D_S8(ref);

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
    int32_t input_zero, output_zero;
    int32_t act_min, act_max;
    int32_t q_step;
} ek_depthwise_conv2d_s8_t;

#define EK_DEPTHWISE_CONV2D_S8(isa)                                                               \
    void ek_depthwise_conv2d_s8__##isa(const ek_depthwise_conv2d_s8_t *p, const ek_requant_t *q,  \
                                       const int8_t *input, const int8_t *weights,                \
                                       const int32_t *bias, int8_t *output)
EK_DEPTHWISE_CONV2D_S8(ref);

/* The transpose of a convolution: y[h][w][o] = clamp(requant(bias[o] + sum over i,j,c of
 *   (x[(h + pad_top - i) / stride_h][(w + pad_left - j) / stride_w][c] - input_zero) * k[o][i][j][c],
 *   q[o * q_step]) + output_zero, act_min, act_max)
 * over the taps where both quotients are whole and inside the input. `bias` is not folded. */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t input_zero, output_zero;
    int32_t act_min, act_max;
    int32_t q_step;
} ek_transpose_conv2d_s8_t;

#define EK_TRANSPOSE_CONV2D_S8(isa)                                                              \
    void ek_transpose_conv2d_s8__##isa(const ek_transpose_conv2d_s8_t *p, const ek_requant_t *q, \
                                       const int8_t *input, const int8_t *weights,               \
                                       const int32_t *bias, int8_t *output)
EK_TRANSPOSE_CONV2D_S8(ref);

/* y[r][o] = clamp(requant(bias[o] + sum over i of x[r][i] * w[o][i], q[o * q_step])
 *   + output_zero, act_min, act_max) */
typedef struct {
    int32_t rows, input_c, output_c;
    int32_t output_zero;
    int32_t act_min, act_max;
    int32_t q_step;
} ek_fully_connected_s8_t;

#define EK_FULLY_CONNECTED_S8(isa)                                                                \
    void ek_fully_connected_s8__##isa(const ek_fully_connected_s8_t *p, const ek_requant_t *q,    \
                                      const int8_t *input, const int8_t *weights,                 \
                                      const int32_t *bias, int8_t *output)
EK_FULLY_CONNECTED_S8(ref);

/* Pooling over the window's taps that lie inside the input.
 * average: clamp(round_half_away(sum / taps)); max: clamp(max). Input and output scale are equal. */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, channels;
    int32_t output_h, output_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t act_min, act_max;
} ek_pool2d_s8_t;

#define EK_AVERAGE_POOL2D_S8(isa) \
    void ek_average_pool2d_s8__##isa(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
EK_AVERAGE_POOL2D_S8(ref);

#define EK_MAX_POOL2D_S8(isa) \
    void ek_max_pool2d_s8__##isa(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
EK_MAX_POOL2D_S8(ref);

/* Mean over any set of axes of a tensor seen as up to four extents; reduce[d] != 0 marks axis d.
 * y = clamp8(requant(sum over the reduced axes of (x - input_zero), q) + output_zero)
 * q holds input_scale / output_scale with 1 / count folded in as tflite-micro does it, where count
 * is the product of the reduced extents. From (m, s) = ek_requant_t of input_scale / output_scale:
 *   k = min(floor(log2(count)), 32, 31 + s);  q.multiplier = (m << k) / count, truncated, in 64 bits;
 *   q.shift = s - k
 * This is so for every MEAN, equal scales included, and equals tflite-runtime 2.14's reference. Older
 * releases divided without rounding or in floats; newer ones requantize with one rounding. */
typedef struct {
    int32_t extent[4];
    int32_t reduce[4];
    int32_t input_zero, output_zero;
    ek_requant_t q;
} ek_mean_s8_t;

#define EK_MEAN_S8(isa) \
    void ek_mean_s8__##isa(const ek_mean_s8_t *p, const int8_t *input, int8_t *output)
EK_MEAN_S8(ref);

/* Rows that are added up: `before` of their own, then a window[kept + moved + after][channels]. Its
 * first kept + moved rows move on by `moved` a call; the others, as `before`, are this call's alone. */
typedef struct {
    int32_t before, kept, moved, after, channels;
} ek_running_rows_t;

/* The mean over such rows. `sums` hold the sum of each channel over the window's kept rows:
 *   s = sums[c] + sum over the `moved` rows that follow of window[row][c],
 *   total = s + sum over the rows before and after,
 *   y[c] = clamp8(requant(total - rows * input_zero, q) + output_zero) as EK_MEAN_S8 has it, then
 *   sums[c] = s - sum over the `moved` oldest of window[row][c]. */
typedef struct {
    ek_running_rows_t rows;
    int32_t input_zero, output_zero;
    ek_requant_t q;
} ek_running_mean_s8_t;

#define EK_RUNNING_MEAN_S8(isa)                                                                    \
    void ek_running_mean_s8__##isa(const ek_running_mean_s8_t *p, const int8_t *before,           \
                                   const int8_t *window, int32_t *sums, int8_t *output)
EK_RUNNING_MEAN_S8(ref);

/* The same total, divided as an average pooling does: y[c] = clamp(round_half_away(total / rows)). */
typedef struct {
    ek_running_rows_t rows;
    int32_t act_min, act_max;
} ek_running_average_s8_t;

#define EK_RUNNING_AVERAGE_S8(isa)                                                                 \
    void ek_running_average_s8__##isa(const ek_running_average_s8_t *p, const int8_t *before,     \
                                      const int8_t *window, int32_t *sums, int8_t *output)
EK_RUNNING_AVERAGE_S8(ref);

/* y[i][j] = index of the first largest of x[i][0][j] ... x[i][count - 1][j]. */
typedef struct {
    int32_t outer, count, inner;
} ek_arg_max_s8_t;

#define EK_ARG_MAX_S8(isa) \
    void ek_arg_max_s8__##isa(const ek_arg_max_s8_t *p, const int8_t *input, int32_t *output)
EK_ARG_MAX_S8(ref);

/* y[i][j][r][c] = clamp8(requant(sum over k < inner of
 *   (a[i * a_stride[0] + j * a_stride[1] + r * a_stride[2] + k * a_stride[3]] - a_zero) *
 *   (b[i * b_stride[0] + j * b_stride[1] + k * b_stride[2] + c * b_stride[3]] - b_zero), q)
 *   + output_zero). A batch stride of 0 repeats a matrix; swapped strides transpose it. */
typedef struct {
    int32_t extent[4]; /* of the output: two batch axes, rows, columns */
    int32_t inner;
    int32_t a_stride[4], b_stride[4];
    int32_t a_zero, b_zero, output_zero;
    ek_requant_t q;
} ek_batch_matmul_s8_t;

#define EK_BATCH_MATMUL_S8(isa)                                                            \
    void ek_batch_matmul_s8__##isa(const ek_batch_matmul_s8_t *p, const int8_t *a,         \
                                   const int8_t *b, int8_t *output)
EK_BATCH_MATMUL_S8(ref);

/* Binary elementwise with broadcasting over up to four axes: a stride of 0 repeats that operand.
 * add: clamp(requant(requant((a - a_zero) << left_shift, a_q)
 *                  + requant((b - b_zero) << left_shift, b_q), output_q) + output_zero)
 * mul: clamp(requant((a - a_zero) * (b - b_zero), output_q) + output_zero)  (a_q, b_q unused)
 * sub: as add, the second product taken from the first.
 * prelu: b is alpha; x = a - a_zero;
 *      clamp((x >= 0 ? requant(x, a_q) : requant(x * (b - b_zero), output_q)) + output_zero)
 * The factors, as the reference has them. add, sub: left_shift = 20, twice = 2 * max(a_scale, b_scale);
 * a_q of a_scale / twice, b_q of b_scale / twice, output_q of twice / (2^left_shift * output_scale).
 * mul: output_q of a_scale * b_scale / output_scale. prelu: the same, and a_q of
 * a_scale / output_scale (b_q unused). May run in place of an operand that does not
 * repeat. */
typedef struct {
    int32_t extent[4];              /* output extents, outermost first, padded with ones */
    int32_t a_stride[4], b_stride[4];
    int32_t a_zero, b_zero, output_zero;
    int32_t left_shift;
    ek_requant_t a_q, b_q, output_q;
    int32_t act_min, act_max;
} ek_binary_s8_t;

#define EK_ADD_S8(isa) \
    void ek_add_s8__##isa(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
EK_ADD_S8(ref);

#define EK_MUL_S8(isa) \
    void ek_mul_s8__##isa(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
EK_MUL_S8(ref);

#define EK_SUB_S8(isa) \
    void ek_sub_s8__##isa(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
EK_SUB_S8(ref);

#define EK_PRELU_S8(isa)                                                                        \
    void ek_prelu_s8__##isa(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,         \
                            int8_t *output)
EK_PRELU_S8(ref);

/* maximum: y = a > b ? a : b; minimum: y = a < b ? a : b. Broadcasting and in place as above; all
 * scales and zero points are equal. */
typedef struct {
    int32_t extent[4];
    int32_t a_stride[4], b_stride[4];
} ek_choice_s8_t;

#define EK_MAXIMUM_S8(isa)                                                                      \
    void ek_maximum_s8__##isa(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b,       \
                              int8_t *output)
EK_MAXIMUM_S8(ref);

#define EK_MINIMUM_S8(isa)                                                                      \
    void ek_minimum_s8__##isa(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b,       \
                              int8_t *output)
EK_MINIMUM_S8(ref);

/* Bilinear resize: rows and columns hold, per output index, {lower, upper, fraction}: the two input
 * indices and the weight of the upper one in 1/1024 (the lower one has the rest; a fraction may be
 * negative where both are the same).
 *   y = round_half_away(sum over the four neighbours of x * row weight * column weight / 2^20) */
typedef struct {
    int32_t batches;
    int32_t input_h, input_w, channels;
    int32_t output_h, output_w;
} ek_resize_bilinear_s8_t;

#define EK_RESIZE_BILINEAR_S8(isa)                                                               \
    void ek_resize_bilinear_s8__##isa(const ek_resize_bilinear_s8_t *p, const int16_t *rows,     \
                                      const int16_t *columns, const int8_t *input, int8_t *output)
EK_RESIZE_BILINEAR_S8(ref);

/* y = x surrounded by `value`: `before` and `after` elements on each of four axes. */
typedef struct {
    int32_t extent[4]; /* of the input */
    int32_t before[4], after[4];
    int32_t value;
} ek_pad_s8_t;

#define EK_PAD_S8(isa) \
    void ek_pad_s8__##isa(const ek_pad_s8_t *p, const int8_t *input, int8_t *output)
EK_PAD_S8(ref);

/* Copies `rows` runs of `run` bytes of one operand into an output whose rows are `output_run` bytes
 * apart, starting `offset` bytes into each: one call per operand of a concatenation. */
typedef struct {
    int32_t rows, run, output_run, offset;
} ek_concat_s8_t;

#define EK_CONCAT_S8(isa) \
    void ek_concat_s8__##isa(const ek_concat_s8_t *p, const int8_t *input, int8_t *output)
EK_CONCAT_S8(ref);

/* y[i][j][k][l] = x[offset + i * stride[0] + j * stride[1] + k * stride[2] + l * stride[3]]: a view
 * of the input (transposed, sliced, tiled with stride 0, reversed with a negative one) as an array
 * of its own. The operands may not overlap. */
typedef struct {
    int32_t extent[4]; /* of the output, neighbours merged where they step as one */
    int32_t stride[4]; /* in the input */
    int32_t offset;
} ek_strided_copy_s8_t;

#define EK_STRIDED_COPY_S8(isa)                                                           \
    void ek_strided_copy_s8__##isa(const ek_strided_copy_s8_t *p, const int8_t *input,    \
                                   int8_t *output)
EK_STRIDED_COPY_S8(ref);

/* y[row][i] = x[row][index[i]], each element a run of `run` bytes; 0 <= index[i] < input_n. */
typedef struct {
    int32_t rows, input_n, output_n, run;
} ek_take_s8_t;

#define EK_TAKE_S8(isa)                                                                      \
    void ek_take_s8__##isa(const ek_take_s8_t *p, const int32_t *index, const int8_t *input, \
                           int8_t *output)
EK_TAKE_S8(ref);

/* Softmax along the last axis in gemmlowp fixed point: output scale 1/256, output zero -128.
 * With (m, s) = ek_requant_t of min(beta * input_scale * 2^26, 2^31 - 1), which must be above 1:
 *   multiplier = m, left_shift = s, diff_min = -floor(31 * 2^26 / 2^s).
 * A row whose exponentials add to 512 or more gives -128 throughout (undefined in the reference).
 * May run in place. */
typedef struct {
    int32_t rows, depth;
    int32_t multiplier, left_shift;
    int32_t diff_min;               /* differences below it contribute nothing */
} ek_softmax_s8_t;

#define EK_SOFTMAX_S8(isa) \
    void ek_softmax_s8__##isa(const ek_softmax_s8_t *p, const int8_t *input, int8_t *output)
EK_SOFTMAX_S8(ref);

/* y[i] = table[x[i] + 128]: any int8 -> int8 elementwise function, computed by the converter
 * (logistic, relu, relu6 and requantization between two int8 scales). May run in place. */
#define EK_LUT_S8(isa)                                                                     \
    void ek_lut_s8__##isa(int32_t count, const int8_t table[256], const int8_t *input,    \
                          int8_t *output)
EK_LUT_S8(ref);

/* y = clamp8(round_half_away(x / scale) + zero_point), the quotient in float32. Quotients too large
 * for an integer saturate; NaN gives zero_point. (The reference leaves both undefined.) */
#define EK_QUANTIZE_F32_S8(isa)                                                           \
    void ek_quantize_f32_s8__##isa(int32_t count, float scale, int32_t zero_point,        \
                                   const float *input, int8_t *output)
EK_QUANTIZE_F32_S8(ref);

/* y = (x - zero_point) * scale */
#define EK_DEQUANTIZE_S8_F32(isa)                                                         \
    void ek_dequantize_s8_f32__##isa(int32_t count, float scale, int32_t zero_point,      \
                                     const int8_t *input, float *output)
EK_DEQUANTIZE_S8_F32(ref);

/* Copies `count` bytes; the operands may not overlap. For a reshape that could not alias. */
#define EK_COPY_S8(isa) void ek_copy_s8__##isa(int32_t count, const int8_t *input, int8_t *output)
EK_COPY_S8(ref);

/* Moves `count` bytes down to a lower address; the operands may overlap. For the rows that a stripe
 * leaves to the next. */
#define EK_MOVE_S8(isa) void ek_move_s8__##isa(int32_t count, const int8_t *input, int8_t *output)
EK_MOVE_S8(ref);

/* A window over time moves on: its `kept` bytes from `shift` on move to its start, and `added` new
 * ones follow them. What it had beyond those is gone. */
#define EK_SHIFT_S8(isa)                                                        \
    void ek_shift_s8__##isa(int32_t shift, int32_t kept, int32_t added,          \
                            const int8_t *input, int8_t *window)
EK_SHIFT_S8(ref);

/* A filter over time. `state` holds, per batch and filter, the last `memory` of
 *   clamp(requant(sum over i of (x[i] - input_zero) * weights[filter][i], state_q));
 * it moves up by one, takes the newest, and
 *   y[unit] = clamp(requant(bias[unit] + sum over the unit's `rank` filters and t of
 *     state[filter][t] * times[filter][t], output_q) + output_zero) */
typedef struct {
    int32_t batches, input_c;
    int32_t filters, memory, rank;
    int32_t input_zero, output_zero;
    ek_requant_t state_q, output_q;
} ek_svdf_s8_t;

#define EK_SVDF_S8(isa)                                                              \
    void ek_svdf_s8__##isa(const ek_svdf_s8_t *p, const int8_t *input,               \
                           const int8_t *weights, const int16_t *times,              \
                           const int32_t *bias, int16_t *state, int8_t *output)
EK_SVDF_S8(ref);

/* LSTM with an int16 cell. Of four gates (input, forget, cell, output), one after another in
 * `weights` [4][units][input_c], `recurrent` [4][units][units], `bias` [4][units] and twice in q,
 *   sum = sat(requant((x - input_zero) . w + bias, q[gate])) + sat(requant((h - hidden_zero) . r,
 *     q[4 + gate])), saturated to int16, in steps of 2^-12;
 *   cell = sat(requant(sigmoid(forget) * cell, forget_q)) + sat(requant(sigmoid(input) *
 *     tanh(cell gate), update_q)), clamped to +-cell_clip;
 *   h = clamp(requant(sigmoid(output) * tanh(cell), output_q) + hidden_zero).
 * `table` is that of LOGISTIC on int16. Strides count rows of the sequence. */
typedef struct {
    int32_t batches, steps, input_c, units;
    int32_t batch_stride, step_stride;
    int32_t input_zero, hidden_zero;
    ek_requant_t forget_q, update_q, output_q;
    int32_t tanh_multiplier, tanh_shift;
    int32_t cell_clip;
} ek_lstm_s8_t;

#define EK_LSTM_S8(isa)                                                                          \
    void ek_lstm_s8__##isa(const ek_lstm_s8_t *p, const ek_requant_t *q,                         \
                           const uint16_t table[256], const int8_t *input, const int8_t *weights, \
                           const int8_t *recurrent, const int32_t *bias, int8_t *hidden,         \
                           int16_t *cell, int8_t *output)
EK_LSTM_S8(ref);

/* y = clamp(requant((requant((a - a_zero) << left_shift, a_q) - requant((b - b_zero) << left_shift,
 * b_q))^2, output_q) + output_zero), with broadcasting as in addition. May run in place. */
#define EK_SQUARED_DIFFERENCE_S8(isa)                                                \
    void ek_squared_difference_s8__##isa(const ek_binary_s8_t *p, const int8_t *a,   \
                                         const int8_t *b, int8_t *output)
EK_SQUARED_DIFFERENCE_S8(ref);

/* y[i][j] = min over k of x[i][k][j] */
#define EK_REDUCE_MIN_S8(isa) \
    void ek_reduce_min_s8__##isa(const ek_arg_max_s8_t *p, const int8_t *input, int8_t *output)
EK_REDUCE_MIN_S8(ref);

/* Along the last axis x over the root of the sum of squares, in steps of 1/128. May run in place. */
typedef struct {
    int32_t rows, depth;
    int32_t input_zero;
} ek_l2_normalization_s8_t;

#define EK_L2_NORMALIZATION_S8(isa)                                                          \
    void ek_l2_normalization_s8__##isa(const ek_l2_normalization_s8_t *p, const int8_t *input, \
                                       int8_t *output)
EK_L2_NORMALIZATION_S8(ref);

/* Along the last axis x - max - log(sum of exp(x - max)), in steps of 1/16 below 127. Differences
 * are brought to Q5 by multiplier and left_shift, back by reverse_q. May run in place. */
typedef struct {
    int32_t rows, depth;
    int32_t multiplier, left_shift, diff_min;
    ek_requant_t reverse_q;
} ek_log_softmax_s8_t;

#define EK_LOG_SOFTMAX_S8(isa) \
    void ek_log_softmax_s8__##isa(const ek_log_softmax_s8_t *p, const int8_t *input, int8_t *output)
EK_LOG_SOFTMAX_S8(ref);

/* y = clamp((a - a_zero) / (b - b_zero) * output_q + output_zero), the quotient by the divisor's
 * reciprocal in fixed point; a divisor of 0 gives the largest value of the dividend's sign.
 * Broadcasting and in place as addition. */
#define EK_DIV_S8(isa) \
    void ek_div_s8__##isa(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
EK_DIV_S8(ref);

/* y = 1 where `relation` has the bit of how a compares with b, else 0, with broadcasting as in
 * addition. Nothing compares with a NaN. int8 operands are compared as
 * requant((a - a_zero) * 256, a_q), both in 256ths of 1. */
enum { EK_LESS = 1, EK_EQUAL = 2, EK_GREATER = 4, EK_UNORDERED = 8 };

typedef struct {
    int32_t extent[4];
    int32_t a_stride[4], b_stride[4];
    int32_t relation;
} ek_compare_t;

typedef struct {
    int32_t extent[4];
    int32_t a_stride[4], b_stride[4];
    int32_t relation;
    int32_t a_zero, b_zero;
    ek_requant_t a_q, b_q;
} ek_compare_s8_t;

#define EK_COMPARE_S8(isa)                                                                  \
    void ek_compare_s8__##isa(const ek_compare_s8_t *p, const int8_t *a, const int8_t *b,   \
                              int8_t *output)
EK_COMPARE_S8(ref);

#define EK_COMPARE_S32(isa)                                                                 \
    void ek_compare_s32__##isa(const ek_compare_t *p, const int32_t *a, const int32_t *b,   \
                               int8_t *output)
EK_COMPARE_S32(ref);

/* y = bit 2 * (a != 0) + (b != 0) of `truth`, with broadcasting and in place as addition. */
typedef struct {
    int32_t extent[4];
    int32_t a_stride[4], b_stride[4];
    int32_t truth;
} ek_logical_s8_t;

#define EK_LOGICAL_S8(isa)                                                                  \
    void ek_logical_s8__##isa(const ek_logical_s8_t *p, const int8_t *a, const int8_t *b,   \
                              int8_t *output)
EK_LOGICAL_S8(ref);

/* y = condition ? a : b, with broadcasting over all three. */
typedef struct {
    int32_t extent[4];
    int32_t condition_stride[4], a_stride[4], b_stride[4];
} ek_select_t;

#define EK_SELECT_S8(isa)                                                                   \
    void ek_select_s8__##isa(const ek_select_t *p, const int8_t *condition,                 \
                             const int8_t *a, const int8_t *b, int8_t *output)
EK_SELECT_S8(ref);

/* The number in another element type. */
#define EK_CAST_S8_F32(isa) \
    void ek_cast_s8_f32__##isa(int32_t count, const int8_t *input, float *output)
EK_CAST_S8_F32(ref);

#define EK_CAST_S8_S32(isa) \
    void ek_cast_s8_s32__##isa(int32_t count, const int8_t *input, int32_t *output)
EK_CAST_S8_S32(ref);

#define EK_CAST_S32_F32(isa) \
    void ek_cast_s32_f32__##isa(int32_t count, const int32_t *input, float *output)
EK_CAST_S32_F32(ref);

/* Cut off towards zero; what is beyond an int32 becomes its end, NaN 0. */
#define EK_CAST_F32_S32(isa) \
    void ek_cast_f32_s32__##isa(int32_t count, const float *input, int32_t *output)
EK_CAST_F32_S32(ref);

/* output[o] = (sum of the leaves that the input reaches) / divisor, over `trees` binary trees in
 * order. At inner node i a walk goes on to children[2 i] where input[features[i]] <= thresholds[i],
 * else to children[2 i + 1]; nodes count from the tree's first one. A child c < 0 is the tree's leaf
 * ~c. Each tree has three numbers: its first node, its first leaf, the output that leaves one value
 * wide are added to. Others are `width` = `outputs` wide. Sums are float32. */
typedef struct {
    int32_t batches, inputs, outputs;
    int32_t trees, width;
    float divisor;
} ek_tree_ensemble_t;

/* Input and thresholds as stored, of one scale and zero point. */
#define EK_TREE_ENSEMBLE_S8_F32(isa)                                                           \
    void ek_tree_ensemble_s8_f32__##isa(const ek_tree_ensemble_t *p, const int8_t *input,      \
                                        const int16_t *features, const int8_t *thresholds,     \
                                        const int16_t *children, const int32_t *trees,         \
                                        const float *leaves, float *output)
EK_TREE_ENSEMBLE_S8_F32(ref);

#endif
