/* ek_lanes_grbg.c - Bayer, GR above BG, as lanes. */
#include "ek_lanes_bayer.h"

void ek_lanes_grbg(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                   uint32_t columns, uint32_t *lanes)
{
    ek_bayer_lanes(rows, y, width, left, columns, 0, 1, lanes);
}
