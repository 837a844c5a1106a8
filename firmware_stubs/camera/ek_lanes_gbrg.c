/* ek_lanes_gbrg.c - Bayer, GB above RG, as lanes. */
#include "ek_lanes_bayer.h"

void ek_lanes_gbrg(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                   uint32_t columns, uint32_t *lanes)
{
    ek_bayer_lanes(rows, y, width, left, columns, 1, 0, lanes);
}
