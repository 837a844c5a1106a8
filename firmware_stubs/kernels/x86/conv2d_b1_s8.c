/* conv2d_b1_s8.c - packed signs to int8, 16 channels of four pixels at a time. */
#include <assert.h>

#include "ek_kernels_x86_b1.h"
#include "ek_x86_b1.h"

/* The pixel whose counts lie `step` apart, block by block. */
static void finish_pixel(const ek_conv2d_b1_t *p, const uint16_t *counts, int32_t step,
                         const float *multiplier, const float *bias, int8_t *output)
{
    const int32_t whole = p->output_c / EK_LANES_B1 * EK_LANES_B1, rest = p->output_c - whole;
    for (int32_t o = 0; o < whole; o += EK_LANES_B1, counts += step) {
        ek_x86_finish_s8(p, counts, multiplier + o, bias + o, output + o);
    }
    if (rest) {
        int8_t last[EK_LANES_B1];
        ek_x86_finish_s8(p, counts, multiplier + whole, bias + whole, last);
        memcpy(output + whole, last, (size_t)rest * sizeof *last);
    }
}

void ek_conv2d_b1_s8__x86(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                          const float *multiplier, const float *bias, int8_t *output, void *scratch)
{
    assert(p->groups == 1);
    ek_lanes_b1_t tile = {.input = input};
    const uint16_t *counts;
    while ((counts = ek_lanes_b1_counted(p, &tile, ek_count_b1__x86, weights, scratch))) {
        for (int32_t r = 0; r < tile.rows; r++, output += p->output_c) {
            finish_pixel(p, counts + r * EK_LANES_B1, tile.stride * EK_LANES_B1, multiplier, bias,
                         output);
        }
    }
}
