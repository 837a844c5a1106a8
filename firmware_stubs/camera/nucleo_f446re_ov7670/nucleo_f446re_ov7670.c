/* nucleo_f446re_ov7670.c - an OV7670 on an ST NUCLEO-F446RE, by DCMI and DMA.
 *
 * Compiled and linked; never run on a board, and not tried with a sensor.
 *
 *     sensor            board                 sensor    board
 *     D0 to D3          PC6 PC7 PC8 PC9       VSYNC     PB7
 *     D4 to D7          PC11 PB6 PB8 PB9      HREF      PA4
 *     SIOC, SIOD        PB10, PB5             PCLK      PA6
 *     3V3, GND, RESET   3V3, GND, 3V3         XCLK      PA8
 *     PWDN              GND
 *
 * All pins are on the Arduino or the morpho connectors (UM1724), away from the line, the LED and
 * the trigger. Alternate functions: data sheet DS10693. SIOC and SIOD have the chip's pull-ups (40
 * kilohm): put 4.7 kilohm outside. DCMI takes a PIXCLK of up to 54 MHz (DS10693); from 16 MHz the
 * OV7670 makes 2.
 */
#include "ek_camera.h"
#include "ek_dcmi.h"

const char ek_camera_name[] = "nucleo_f446re_ov7670";

const ek_dcmi_pin_t ek_dcmi_pins[EK_DCMI_PINS] = {
    [EK_DCMI_D0] = {'C', 6},    [EK_DCMI_D1] = {'C', 7},   [EK_DCMI_D2] = {'C', 8},
    [EK_DCMI_D3] = {'C', 9},    [EK_DCMI_D4] = {'C', 11},  [EK_DCMI_D5] = {'B', 6},
    [EK_DCMI_D6] = {'B', 8},    [EK_DCMI_D7] = {'B', 9},   [EK_DCMI_VSYNC] = {'B', 7},
    [EK_DCMI_HREF] = {'A', 4},  [EK_DCMI_PIXCLK] = {'A', 6}, [EK_DCMI_MCO1] = {'A', 8},
    [EK_DCMI_SIOC] = {'B', 10}, [EK_DCMI_SIOD] = {'B', 5},
};

EK_DCMI_DRIVER(&ek_ov7670_qqvga_rgb565, &ek_ov7670_qqvga_yuyv);
