/* ek_unpack.h - from a camera's bytes to 8-bit pixels; converter/camera/formats.py defines each. */
#ifndef EK_UNPACK_H
#define EK_UNPACK_H

#include "ek_frame.h"

ek_unpack_t ek_unpack_rgb565le_rgb, ek_unpack_rgb565le_gray; /* low byte first */
ek_unpack_t ek_unpack_rgb565be_rgb, ek_unpack_rgb565be_gray; /* high byte first */
ek_unpack_t ek_unpack_yuyv_rgb, ek_unpack_yuyv_gray;
ek_unpack_t ek_unpack_uyvy_rgb, ek_unpack_uyvy_gray;
ek_unpack_t ek_unpack_bggr_rgb, ek_unpack_bggr_gray; /* Bayer, by the first two of two rows */
ek_unpack_t ek_unpack_rggb_rgb, ek_unpack_rggb_gray;
ek_unpack_t ek_unpack_grbg_rgb, ek_unpack_grbg_gray;
ek_unpack_t ek_unpack_gbrg_rgb, ek_unpack_gbrg_gray;

/* Luma of ITU-R BT.601, rounded, as Pillow's mode L has it. */
static inline uint8_t ek_luma(uint32_t r, uint32_t g, uint32_t b)
{
    return (uint8_t)((r * 19595u + g * 38470u + b * 7471u + 0x8000u) >> 16);
}

#endif
