/* conv2d_tables_b1.c - packed signs to packed signs, up to 112 pixels at a time. */
#include "ek_mve_b1_ends.h"

void ek_conv2d_tables_b1__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                              const uint8_t *weights, const int16_t *threshold, uint32_t *output,
                              void *scratch)
{
    ek_mve_b1_signs(p, input, weights, threshold, output, scratch, EK_MVE_B1_TILE);
}
