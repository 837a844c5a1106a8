/* ek_lanes_bggr.c - Bayer, BG above GR, as lanes. */
#include "ek_lanes_bayer.h"

void ek_lanes_bggr(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                   uint32_t columns, uint32_t *lanes)
{
    ek_bayer_lanes(rows, y, width, left, columns, 1, 1, lanes);
}
