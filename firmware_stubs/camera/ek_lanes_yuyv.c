/* ek_lanes_yuyv.c - YUV422, Y U Y V, as lanes. */
#include "ek_lanes_yuv422.h"

void ek_lanes_yuyv(const uint8_t *row, uint32_t left, uint32_t columns, uint32_t *lanes)
{
    ek_yuv422_lanes(row, 0, 1, left, columns, lanes);
}
