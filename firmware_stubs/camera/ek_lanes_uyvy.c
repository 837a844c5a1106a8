/* ek_lanes_uyvy.c - YUV422, U Y V Y, as lanes. */
#include "ek_lanes_yuv422.h"

void ek_lanes_uyvy(const uint8_t *row, uint32_t left, uint32_t columns, uint32_t *lanes)
{
    ek_yuv422_lanes(row, 1, 0, left, columns, lanes);
}
