/* resize_bilinear_s8.c - the four products of row and column weights are made once for a pixel, then
 * each channel takes four multiplications.
 *
 * The same sum as ref's: (t0 * left + t1 * right) * up + (b0 * left + b1 * right) * down. Division by
 * 2^20 with halves away from zero is a shift once negative sums are lowered by one.
 */
#include <assert.h>

#include "ek_kernels_any.h"

enum { ONE = 1 << 10, BITS = 20 };

/* All channels of a pixel. Not inlined, where its values would be spilled. */
static __attribute__((noinline)) int8_t *blend(const int32_t weights[4], const int8_t *top,
                                               const int8_t *bottom, int32_t next,
                                               int32_t channels, int8_t *y)
{
    const int32_t w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];
    for (; channels > 0; channels--) {
        int32_t total = top[next] * w1 + bottom[next] * w3;
        total += *top++ * w0 + *bottom++ * w2;
        *y++ = (int8_t)((total + (total >> 31) + (INT32_C(1) << (BITS - 1))) >> BITS);
    }
    return y;
}

/* One row of outputs between the input rows at `top` and `bottom`. */
static void resize_row(const ek_resize_bilinear_s8_t *p, const int16_t *columns, const int8_t *top,
                       const int8_t *bottom, int32_t down, int8_t *y)
{
    for (int32_t x = p->output_w; x > 0; x--, columns += 3) {
        const int32_t next = (columns[1] - columns[0]) * p->channels; /* from left to right */
        const int32_t second = columns[2], first = ONE - second;
        const int32_t weights[4] = {first * (ONE - down), second * (ONE - down), first * down,
                                    second * down};
        const int32_t left = columns[0] * p->channels;
        y = blend(weights, top + left, bottom + left, next, p->channels, y);
    }
}

void ek_resize_bilinear_s8__any(const ek_resize_bilinear_s8_t *p, const int16_t *rows,
                                const int16_t *columns, const int8_t *input, int8_t *output)
{
    const int32_t input_row = p->input_w * p->channels, output_row = p->output_w * p->channels;
    assert(p->input_h > 0 && p->input_w > 0);
    for (int32_t batch = 0; batch < p->batches; batch++, input += p->input_h * input_row) {
        for (int32_t y = 0; y < p->output_h; y++, output += output_row) {
            const int16_t *row = rows + 3 * y;
            resize_row(p, columns, input + row[0] * input_row, input + row[1] * input_row, row[2],
                       output);
        }
    }
}
