/* ek_kernels_x86.h - int8 kernels for x86-64, each equal bit for bit to the `ref` kernel of its
 * operator. Each asks the processor that runs it what it has, AVX-512 with VNNI or AVX2, and is
 * plain C on others. Weights and factors are packed by the converter: ek_x86_s8.h.
 */
#ifndef EK_KERNELS_X86_H
#define EK_KERNELS_X86_H

#include "ek_kernels.h"
#include "ek_runs.h"

/* As ek_conv2d_s8. Scratch: eight windows, each rounded up to four taps. */
void ek_conv2d_s8__x86(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                       const int32_t *factors, int8_t *output, int8_t *scratch);

/* As ek_fully_connected_s8. Scratch: eight rows of input_c rounded up to four. */
void ek_fully_connected_s8__x86(const ek_fully_connected_s8_t *p, const int8_t *input,
                                const int8_t *weights, const int32_t *factors, int8_t *output,
                                int8_t *scratch);

/* As ek_depthwise_conv2d_s8, for a depth multiplier of 1 and eight channels or more. Scratch, at a
 * multiple of 8 bytes: the size of a pointer for each tap and one more, and input_c. */
void ek_depthwise_conv2d_s8__x86(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                 const int8_t *weights, const int32_t *factors, int8_t *output,
                                 int8_t *scratch);

/* Up to eight rows of activations plus 128, `quads` times four of them, by all rows of weights.
 * Outputs of a row are adjacent, rows `channels` apart. Places of `x` behind the last row repeat
 * one of the others. */
typedef struct {
    const uint8_t *x[8];
    int32_t rows, quads, channels;
    int32_t zero, low, high; /* the output's zero point and range */
} ek_x86_rows_t;

typedef void ek_x86_dense_t(const ek_x86_rows_t *t, const int8_t *weights, const int32_t *factors,
                            int8_t *output);

ek_x86_dense_t ek_dense_avx512_s8__x86, ek_dense_avx2_s8__x86, ek_dense_plain_s8__x86;

/* `windows` windows of a depthwise convolution, `step` bytes apart: the addresses of the first one's
 * taps, in pairs. */
typedef struct {
    const int8_t *const *taps;
    int32_t pairs, windows, step, channels;
    int32_t zero, low, high;
} ek_x86_taps_t;

typedef void ek_x86_depthwise_t(const ek_x86_taps_t *t, const int8_t *weights,
                                const int32_t *factors, int8_t *output);

ek_x86_depthwise_t ek_taps_avx2_s8__x86, ek_taps_plain_s8__x86;

/* As ek_add_s8 and ek_sub_s8, broadcasting and in place included; operands in the output's order. */
void ek_add_s8__x86(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
void ek_sub_s8__x86(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* The parameters, and 1 for a + b or -1 for a - b. */
typedef struct {
    const ek_binary_s8_t *p;
    int32_t sign;
} ek_x86_sum_t;

/* One run of sums; `context` is an ek_x86_sum_t. */
ek_run_function_t ek_sum_avx2_s8__x86, ek_sum_plain_s8__x86;

#endif
