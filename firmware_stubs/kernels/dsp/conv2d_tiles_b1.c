/* conv2d_tiles_b1.c - packed signs to packed signs, sixteen pixels at a time.
 *
 * weights: pairs of words of a window, of each channel; one that is left over channel by channel.
 * threshold: -1 to 65535.
 */
#include <assert.h>

#include "ek_dsp_b1.h"

/* The sign of threshold - count is the bit. */
static uint32_t pack(const uint16_t *counts, const int32_t *threshold, const int32_t *end)
{
    uint32_t word = 0;
    do {
        const uint32_t difference = (uint32_t)(*threshold++ - *counts);
        counts += EK_B1_TILE;
        word = word >> 1 | (difference & 0x80000000u);
    } while (threshold < end);
    return word;
}

static void finish_pixel(const ek_conv2d_b1_t *p, const uint16_t *counts, const int32_t *threshold,
                         uint32_t *output)
{
    const int32_t whole = p->output_c / EK_B1_WORD, rest = p->output_c % EK_B1_WORD;
    for (int32_t k = 0; k < whole; k++) {
        *output++ = pack(counts, threshold, threshold + EK_B1_WORD);
        counts += EK_B1_TILE * EK_B1_WORD;
        threshold += EK_B1_WORD;
    }
    if (rest) *output = pack(counts, threshold, threshold + rest) >> (EK_B1_WORD - rest);
}

void ek_conv2d_tiles_b1__dsp(const ek_conv2d_b1_t *p, const uint32_t *input,
                             const uint32_t *weights, const int32_t *threshold, uint32_t *output,
                             void *scratch)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    uint16_t *const counts = ek_b1_counts(p, scratch);
    const int32_t pixels = ek_b1_pixels(p);
    for (int32_t first = 0; first < pixels; first += EK_B1_TILE) {
        ek_tile_b1__dsp(p, input, weights, first, scratch, counts);
        for (int32_t n = 0; n < ek_min(EK_B1_TILE, pixels - first); n++) {
            finish_pixel(p, counts + ek_b1_place(n), threshold, output);
            output += ek_b1_words(p->output_c);
        }
    }
}
