/* conv2d_b1_tables_room_s8.c - packed signs to int8, up to 264 pixels at a time. */
#include "ek_mve_b1_ends.h"

void ek_conv2d_b1_tables_room_s8__mve(const ek_conv2d_b1_t *p, const uint32_t *input,
                                 const uint8_t *weights, const float *multiplier,
                                 const float *bias, int8_t *output, void *scratch)
{
    ek_mve_b1_bytes(p, input, weights, multiplier, bias, output, scratch, EK_MVE_B1_ROOM);
}
