/* nucleo_f746zg_ov7670.c - an OV7670 on an ST NUCLEO-F746ZG, by DCMI and DMA.
 *
 * Compiled and linked; never run on a board, and not tried with a sensor. Wiring: ek_nucleo144.c.
 */
#include "ek_camera.h"
#include "ek_dcmi.h"

const char ek_camera_name[] = "nucleo_f746zg_ov7670";

EK_DCMI_DRIVER(&ek_ov7670_qqvga_rgb565, &ek_ov7670_qqvga_yuyv);
