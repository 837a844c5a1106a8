/* ek_unpack_rggb.c - Bayer, RG above GB. */
#include "ek_unpack_bayer.h"

void ek_unpack_rggb_rgb(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                        uint32_t columns, uint8_t *pixels)
{
    ek_bayer_rgb(rows, y, width, left, columns, 0, 0, pixels);
}

void ek_unpack_rggb_gray(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                         uint32_t columns, uint8_t *pixels)
{
    ek_bayer_gray(rows, y, width, left, columns, 0, 0, pixels);
}
