/* conv2d_b1.c - packed signs to packed signs, 16 channels of four pixels at a time. */
#include <assert.h>

#include "ek_kernels_x86_b1.h"
#include "ek_x86_b1.h"

/* The pixel whose counts lie `step` apart, block by block. */
static void finish_pixel(const ek_conv2d_b1_t *p, const uint16_t *counts, int32_t step,
                         const uint16_t *least, uint32_t *output)
{
    for (int32_t k = 0; k < ek_b1_words(p->output_c); k++) output[k] = 0;
    for (int32_t o = 0; o < p->output_c; o += EK_LANES_B1, counts += step) {
        uint32_t bits = ek_x86_negative(counts, least + o);
        if (o + EK_LANES_B1 > p->output_c) bits &= (1u << (p->output_c - o)) - 1;
        output[o / EK_B1_WORD] |= bits << o % EK_B1_WORD;
    }
}

void ek_conv2d_b1__x86(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                       const uint16_t *least, uint32_t *output, void *scratch)
{
    assert(p->groups == 1);
    ek_lanes_b1_t tile = {.input = input};
    const uint16_t *counts;
    while ((counts = ek_lanes_b1_counted(p, &tile, ek_count_b1__x86, weights, scratch))) {
        for (int32_t r = 0; r < tile.rows; r++, output += ek_b1_words(p->output_c)) {
            finish_pixel(p, counts + r * EK_LANES_B1, tile.stride * EK_LANES_B1, least, output);
        }
    }
}
