/* ek_unpack_gray8.c - 8-bit grey. */
#include <string.h>

#include "ek_unpack.h"

void ek_unpack_gray8_rgb(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                         uint32_t columns, uint8_t *pixels)
{
    (void)y, (void)width;
    for (const uint8_t *from = rows->at + left; columns > 0; columns--, from++) {
        *pixels++ = *from;
        *pixels++ = *from;
        *pixels++ = *from;
    }
}

void ek_unpack_gray8_gray(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                          uint32_t columns, uint8_t *pixels)
{
    (void)y, (void)width;
    memcpy(pixels, rows->at + left, columns);
}
