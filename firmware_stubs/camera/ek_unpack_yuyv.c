/* ek_unpack_yuyv.c - YUV422, Y U Y V. */
#include "ek_unpack_yuv422.h"

void ek_unpack_yuyv_rgb(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                        uint32_t columns, uint8_t *pixels)
{
    (void)y, (void)width;
    ek_yuv422_rgb(rows->at, 0, 1, left, columns, pixels);
}

void ek_unpack_yuyv_gray(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                         uint32_t columns, uint8_t *pixels)
{
    (void)y, (void)width;
    ek_yuv422_gray(rows->at, 0, left, columns, pixels);
}
