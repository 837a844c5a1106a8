/* ek_lanes_rgb565le.c - RGB565, low byte first, as lanes. */
#include "ek_lanes_rgb565.h"

void ek_lanes_rgb565le(const uint8_t *row, uint32_t left, uint32_t columns, uint32_t *lanes)
{
    ek_rgb565_lanes(row + 2u * left, 0, columns, lanes);
}
