/* ek_unpack_uyvy.c - YUV422, U Y V Y. */
#include "ek_unpack_yuv422.h"

void ek_unpack_uyvy_rgb(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                        uint32_t columns, uint8_t *pixels)
{
    (void)y, (void)width;
    ek_yuv422_rgb(rows->at, 1, 0, left, columns, pixels);
}

void ek_unpack_uyvy_gray(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                         uint32_t columns, uint8_t *pixels)
{
    (void)y, (void)width;
    ek_yuv422_gray(rows->at, 1, left, columns, pixels);
}
