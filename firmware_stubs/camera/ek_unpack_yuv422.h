/* ek_unpack_yuv422.h - two pixels share a pair of colour differences.
 *
 * ITU-R BT.601 with full range, as JPEG (ITU-T T.871, section 7) and as the OV sensors send it;
 * coefficients are rounded to 16 bits. Grey is the luma as it came.
 */
#ifndef EK_UNPACK_YUV422_H
#define EK_UNPACK_YUV422_H

#include <stdint.h>

#include "ek_lanes.h"
#include "ek_unpack.h"

/* `luma` is the place of the first luma in the four bytes of a pair, `colour` that of U; V lies two
 * behind it. */
static inline void ek_yuv422_rgb(const uint8_t *row, uint32_t luma, uint32_t colour, uint32_t left,
                                 uint32_t columns, uint8_t *to)
{
    for (uint32_t x = left; x < left + columns; x++) {
        const uint8_t *pair = row + (x >> 1) * 4u + colour;
        const int32_t y = (row[2u * x + luma] << 16) + 0x8000, u = pair[0] - 128, v = pair[2] - 128;
        *to++ = (uint8_t)ek_level((y + 91881 * v) >> 16);
        *to++ = (uint8_t)ek_level((y - 22554 * u - 46802 * v) >> 16);
        *to++ = (uint8_t)ek_level((y + 116130 * u) >> 16);
    }
}

static inline void ek_yuv422_gray(const uint8_t *row, uint32_t luma, uint32_t left,
                                  uint32_t columns, uint8_t *to)
{
    const uint8_t *from = row + 2u * left + luma;
    for (; columns > 0; columns--, from += 2) *to++ = *from;
}

#endif
