/* ek_unpack_rgb565.h - five, six and five bits, the upper ones repeated below. */
#ifndef EK_UNPACK_RGB565_H
#define EK_UNPACK_RGB565_H

#include <stdint.h>

#include "ek_unpack.h"

typedef struct {
    uint32_t red, green, blue;
} ek_rgb_t;

static inline ek_rgb_t ek_rgb565(uint32_t high, uint32_t low)
{
    const uint32_t red = high >> 3, green = (high & 7u) << 3 | low >> 5, blue = low & 31u;
    return (ek_rgb_t){red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2};
}

/* `high` is where in a pixel the high byte lies. */
static inline void ek_rgb565_rgb(const uint8_t *from, uint32_t high, uint32_t columns, uint8_t *to)
{
    for (; columns > 0; columns--, from += 2) {
        const ek_rgb_t pixel = ek_rgb565(from[high], from[1u - high]);
        *to++ = (uint8_t)pixel.red;
        *to++ = (uint8_t)pixel.green;
        *to++ = (uint8_t)pixel.blue;
    }
}

static inline void ek_rgb565_gray(const uint8_t *from, uint32_t high, uint32_t columns, uint8_t *to)
{
    for (; columns > 0; columns--, from += 2) {
        const ek_rgb_t pixel = ek_rgb565(from[high], from[1u - high]);
        *to++ = ek_luma(pixel.red, pixel.green, pixel.blue);
    }
}

#endif
