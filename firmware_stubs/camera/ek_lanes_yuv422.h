/* ek_lanes_yuv422.h - as ek_unpack_yuv422.h, two pixels and their colour differences at once. */
#ifndef EK_LANES_YUV422_H
#define EK_LANES_YUV422_H

#include "ek_lanes.h"

/* The channel of two pixels: their luma with 16 bits of fraction, and what colour adds to both. */
static inline uint32_t ek_lanes_of_yuv(int32_t first, int32_t second, int32_t colour)
{
    return ek_lanes_of(ek_level((first + colour) >> 16), ek_level((second + colour) >> 16));
}

/* `left` and `columns` are even. Places as in ek_yuv422_rgb. */
static inline void ek_yuv422_lanes(const uint8_t *row, uint32_t luma, uint32_t colour,
                                   uint32_t left, uint32_t columns, uint32_t *lanes)
{
    const uint8_t *from = row + 2u * left;
    for (; columns > 0; columns -= 2, from += 4, lanes += 3) {
        const int32_t first = (from[luma] << 16) + 0x8000, second = (from[luma + 2] << 16) + 0x8000;
        const int32_t u = from[colour] - 128, v = from[colour + 2] - 128;
        lanes[0] = ek_lanes_of_yuv(first, second, 91881 * v);
        lanes[1] = ek_lanes_of_yuv(first, second, -22554 * u - 46802 * v);
        lanes[2] = ek_lanes_of_yuv(first, second, 116130 * u);
    }
}

#endif
