/* ek_unpack_bayer.h - bilinear interpolation of a colour mosaic.
 *
 * Missing colours are the rounded mean of the two or four nearest pixels that have them. Beyond an
 * edge lies what is one pixel inside it.
 */
#ifndef EK_UNPACK_BAYER_H
#define EK_UNPACK_BAYER_H

#include <stdint.h>

#include "ek_unpack.h"
#include "ek_unpack_rgb565.h"

/* The pixel at column x; `red_row`, `red_column` are 1 where y, x have red's parity. */
static inline ek_rgb_t ek_bayer(const ek_rows_t *rows, uint32_t x, uint32_t width, uint32_t red_row,
                                uint32_t red_column)
{
    const uint32_t l = x > 0 ? x - 1 : 1, r = x + 1 < width ? x + 1 : x - 1;
    const uint8_t *up = rows->above, *at = rows->at, *down = rows->below;
    const uint32_t sides = (uint32_t)at[l] + at[r], ends = (uint32_t)up[x] + down[x];
    if (red_row != red_column) { /* green: its row has one of the others, its column the other */
        const uint32_t beside = (sides + 1) >> 1, along = (ends + 1) >> 1;
        return red_row ? (ek_rgb_t){beside, at[x], along} : (ek_rgb_t){along, at[x], beside};
    }
    const uint32_t green = (sides + ends + 2) >> 2;
    const uint32_t corners = ((uint32_t)up[l] + up[r] + down[l] + down[r] + 2) >> 2;
    return red_row ? (ek_rgb_t){at[x], green, corners} : (ek_rgb_t){corners, green, at[x]};
}

/* `row`, `column`: where red lies in the two by two pattern. */
static inline void ek_bayer_rgb(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                                uint32_t columns, uint32_t row, uint32_t column, uint8_t *to)
{
    const uint32_t red_row = (y & 1) == row;
    for (uint32_t x = left; x < left + columns; x++) {
        const ek_rgb_t pixel = ek_bayer(rows, x, width, red_row, (x & 1) == column);
        *to++ = (uint8_t)pixel.red;
        *to++ = (uint8_t)pixel.green;
        *to++ = (uint8_t)pixel.blue;
    }
}

static inline void ek_bayer_gray(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                                 uint32_t columns, uint32_t row, uint32_t column, uint8_t *to)
{
    const uint32_t red_row = (y & 1) == row;
    for (uint32_t x = left; x < left + columns; x++) {
        const ek_rgb_t pixel = ek_bayer(rows, x, width, red_row, (x & 1) == column);
        *to++ = ek_luma(pixel.red, pixel.green, pixel.blue);
    }
}

#endif
