/* ek_lanes_rgb565.h - two pixels at once: five, six and five bits, the upper ones repeated below. */
#ifndef EK_LANES_RGB565_H
#define EK_LANES_RGB565_H

#include <string.h>

#include "ek_lanes.h"

/* Five or six bits at the top of the 15 of each half; below them, their upper bits once more. */
static inline void ek_lanes_of_565(uint32_t red, uint32_t green, uint32_t blue, uint32_t lanes[3])
{
    lanes[0] = red | (red >> 5 & 0x03800380u);
    lanes[1] = green | (green >> 6 & 0x01800180u);
    lanes[2] = blue | (blue >> 5 & 0x03800380u);
}

/* Two pixels as they lie in memory, read by a machine whose low byte comes first. */
static inline void ek_lanes_of_rgb565le(uint32_t pixels, uint32_t lanes[3])
{
    ek_lanes_of_565(pixels >> 1 & 0x7C007C00u, pixels << 4 & 0x7E007E00u,
                    pixels << 10 & 0x7C007C00u, lanes);
}

/* The same with the high byte of a pixel first: green is in two parts. */
static inline void ek_lanes_of_rgb565be(uint32_t pixels, uint32_t lanes[3])
{
    const uint32_t green = (pixels << 12 & 0x70007000u) | (pixels >> 4 & 0x0E000E00u);
    ek_lanes_of_565(pixels << 7 & 0x7C007C00u, green, pixels << 2 & 0x7C007C00u, lanes);
}

static inline void ek_lanes_of_rgb565(uint32_t pixels, uint32_t big, uint32_t lanes[3])
{
    if (big) ek_lanes_of_rgb565be(pixels, lanes);
    else ek_lanes_of_rgb565le(pixels, lanes);
}

/* `big`: the high byte of a pixel comes first. */
static inline void ek_rgb565_lanes(const uint8_t *from, uint32_t big, uint32_t columns,
                                   uint32_t *lanes)
{
    uint32_t pixels = 0;
    for (; columns >= 2; columns -= 2, lanes += 3, from += 4) {
        memcpy(&pixels, from, 4);
        ek_lanes_of_rgb565(pixels, big, lanes);
    }
    if (columns == 0) return;
    pixels = 0;
    memcpy(&pixels, from, 2);
    ek_lanes_of_rgb565(pixels, big, lanes);
}

#endif
