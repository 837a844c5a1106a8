/* ek_lanes_uyvy.c - YUV422, U Y V Y, as lanes. */
#include "ek_lanes_yuv422.h"

void ek_lanes_uyvy(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                   uint32_t columns, uint32_t *lanes)
{
    (void)y, (void)width;
    ek_yuv422_lanes(rows->at, 1, 0, left, columns, lanes);
}
