/* openmv_h7_ov7725.c - the OV7725 of an OpenMV Cam H7, by DCMI and DMA.
 *
 * Compiled and linked; never run on a board, and not tried with its sensor.
 *
 * Wiring: OpenMV's firmware, boards/OPENMV4, where the clock is that of TIM1: PA8 is MCO1 as well.
 * Alternate functions: data sheet DS12110.
 */
#include "ek_camera.h"
#include "ek_dcmi.h"

const char ek_camera_name[] = "openmv_h7_ov7725";

const ek_dcmi_pin_t ek_dcmi_pins[EK_DCMI_PINS] = {
    [EK_DCMI_D0] = {'C', 6},     [EK_DCMI_D1] = {'C', 7},         [EK_DCMI_D2] = {'E', 0},
    [EK_DCMI_D3] = {'E', 1},     [EK_DCMI_D4] = {'E', 4},         [EK_DCMI_D5] = {'B', 6},
    [EK_DCMI_D6] = {'E', 5},     [EK_DCMI_D7] = {'E', 6},         [EK_DCMI_VSYNC] = {'B', 7},
    [EK_DCMI_HREF] = {'A', 4},   [EK_DCMI_PIXCLK] = {'A', 6},     [EK_DCMI_MCO1] = {'A', 8},
    [EK_DCMI_SIOC] = {'B', 8},   [EK_DCMI_SIOD] = {'B', 9},
    [EK_DCMI_RESET] = {'A', 10}, [EK_DCMI_POWER_DOWN] = {'D', 7},
};

EK_DCMI_DRIVER(&ek_ov7725_qqvga_rgb565);
