/* ek_lanes_yuyv.c - YUV422, Y U Y V, as lanes. */
#include "ek_lanes_yuv422.h"

void ek_lanes_yuyv(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                   uint32_t columns, uint32_t *lanes)
{
    (void)y, (void)width;
    ek_yuv422_lanes(rows->at, 0, 1, left, columns, lanes);
}
