/* conv2d_b1_tables_f32.c - packed signs to float32, up to 112 pixels at a time. */
#include "ek_mve_b1_ends.h"

void ek_conv2d_b1_tables_f32__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                                 const uint8_t *weights, const float *multiplier,
                                 const float *bias, float *output, void *scratch)
{
    ek_mve_b1_floats(p, input, weights, multiplier, bias, output, scratch, EK_MVE_B1_TILE);
}
