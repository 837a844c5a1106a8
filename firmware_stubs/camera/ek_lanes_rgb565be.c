/* ek_lanes_rgb565be.c - RGB565, high byte first, as lanes. */
#include "ek_lanes_rgb565.h"

void ek_lanes_rgb565be(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                       uint32_t columns, uint32_t *lanes)
{
    (void)y, (void)width;
    ek_rgb565_lanes(rows->at + 2u * left, 1, columns, lanes);
}
