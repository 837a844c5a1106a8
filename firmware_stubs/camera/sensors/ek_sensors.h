/* ek_sensors.h - the sensors there are tables for, and their modes. */
#ifndef EK_SENSORS_H
#define EK_SENSORS_H

#include "ek_sensor.h"

extern const ek_sensor_t ek_ov7670, ek_ov7725, ek_ov2640, ek_hm01b0;

extern const ek_sensor_mode_t ek_ov7670_qqvga_rgb565, ek_ov7670_qqvga_yuyv;
extern const ek_sensor_mode_t ek_ov7725_qqvga_rgb565, ek_ov2640_qqvga_rgb565;
extern const ek_sensor_mode_t ek_hm01b0_qqvga_gray8, ek_hm01b0_serial_qqvga_gray8;

#endif
