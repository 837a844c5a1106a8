/* ek_unpack_rgb565be.c - RGB565, high byte first: as the OV sensors send it. */
#include "ek_unpack_rgb565.h"

void ek_unpack_rgb565be_rgb(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                            uint32_t columns, uint8_t *pixels)
{
    (void)y, (void)width;
    ek_rgb565_rgb(rows->at + 2u * left, 0, columns, pixels);
}

void ek_unpack_rgb565be_gray(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                             uint32_t columns, uint8_t *pixels)
{
    (void)y, (void)width;
    ek_rgb565_gray(rows->at + 2u * left, 0, columns, pixels);
}
