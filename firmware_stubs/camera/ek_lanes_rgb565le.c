/* ek_lanes_rgb565le.c - RGB565, low byte first, as lanes. */
#include "ek_lanes_rgb565.h"

void ek_lanes_rgb565le(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                       uint32_t columns, uint32_t *lanes)
{
    (void)y, (void)width;
    ek_rgb565_lanes(rows->at + 2u * left, 0, columns, lanes);
}
