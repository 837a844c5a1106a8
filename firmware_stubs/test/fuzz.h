/* fuzz.h - random cases for every ref kernel, each compared with a naive version in C.
 *
 * A case draws a shape, runs the kernel and the naive version, and compares all bytes. Naive means
 * 64-bit sums, a bounds test per tap and rounding by division. The same program runs on the host
 * under sanitizers and bare metal in QEMU; equal checksums mean equal outputs.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "ek_kernels.h"

/* fuzz_random.c: the same sequence on every machine, as long as no expression or initializer draws
 * twice: C leaves the order of those to the compiler. */
void fuzz_seed(uint32_t seed);
int32_t fuzz_int(int32_t low, int32_t high); /* low <= x <= high */
int32_t fuzz_zero(void);                     /* a zero point, often -128, 0 or 127 */
void fuzz_range(int32_t *low, int32_t *high);
ek_requant_t fuzz_requant(int32_t magnitude); /* brings sums near `magnitude` into int8 */
void fuzz_fill(int8_t *data, int32_t count);

/* fuzz_pool.c: exact-size buffers between red zones, which ASan poisons and fuzz_end_case checks. */
void *fuzz_alloc(int32_t bytes);
int8_t *fuzz_s8(int32_t count); /* allocated and filled */
void fuzz_end_case(void);
void fuzz_compare(const void *found, const void *expected, int32_t bytes);
uint32_t fuzz_checksum(void); /* over everything compared so far */
int fuzz_failures(void);

/* fuzz_arithmetic.c: requantization with divisions in 64 bits. */
int64_t naive_divide_half_away(int64_t x, int64_t divisor);
int64_t naive_requant(int64_t x, ek_requant_t q);
int8_t naive_finish(int64_t x, ek_requant_t q, int32_t zero, int32_t low, int32_t high);
int8_t naive_clamp(int64_t x, int32_t low, int32_t high);

/* One random case of each kernel. */
void fuzz_conv2d(void);
void fuzz_depthwise_conv2d(void);
void fuzz_fully_connected(void);
void fuzz_average_pool2d(void);
void fuzz_max_pool2d(void);
void fuzz_mean(void);
void fuzz_add(void);
void fuzz_sub(void);
void fuzz_mul(void);
void fuzz_prelu(void);
void fuzz_maximum(void);
void fuzz_minimum(void);
void fuzz_lut(void);
void fuzz_quantize(void);
void fuzz_dequantize(void);
void fuzz_softmax(void);
void fuzz_pad(void);
void fuzz_concat(void);
void fuzz_copy(void);
void fuzz_move(void);
void fuzz_shift(void);
void fuzz_running_mean(void);
void fuzz_running_average(void);
void fuzz_strided_copy(void);
void fuzz_take(void);
void fuzz_arg_max(void);
void fuzz_batch_matmul(void);
void fuzz_resize_bilinear(void);
void fuzz_transpose_conv2d(void);
void fuzz_decode_rans(void);
void fuzz_decode_palette(void);
void fuzz_decode_half(void);

#endif
