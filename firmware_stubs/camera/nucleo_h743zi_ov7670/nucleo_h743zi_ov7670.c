/* nucleo_h743zi_ov7670.c - an OV7670 on an ST NUCLEO-H743ZI, by DCMI and DMA.
 *
 * Compiled and linked; never run on a board, and not tried with a sensor. Wiring: ek_nucleo144.c.
 */
#include "ek_camera.h"
#include "ek_dcmi.h"

const char ek_camera_name[] = "nucleo_h743zi_ov7670";

EK_DCMI_DRIVER(&ek_ov7670_qqvga_rgb565, &ek_ov7670_qqvga_yuyv);
