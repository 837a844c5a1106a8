/* ek_nucleo144.c - how a sensor is wired to ST's NUCLEO-144 boards with STM32F746, F767 and H743.
 *
 *     sensor            board                 sensor    board
 *     D0 to D3          PC6 PC7 PC8 PC9       VSYNC     PG9
 *     D4 to D7          PC11 PD3 PE5 PE6      HREF      PA4
 *     SIOC, SIOD        PB8, PB9              PCLK      PA6
 *     3V3, GND, RESET   3V3, GND, 3V3         XCLK      PA8
 *     PWDN              GND
 *
 * Modules may call D0 to D7 Y2 to Y9. All pins are on the Zio or the morpho connectors (UM1974;
 * UM2407 for the NUCLEO-H743ZI2), away from LEDs, Ethernet, the line and the trigger. Alternate
 * functions: data sheets DS10916, DS11532 and DS12110. SIOC and SIOD have the chip's pull-ups (40
 * kilohm): put 4.7 kilohm outside.
 */
#include "ek_dcmi.h"

const ek_dcmi_pin_t ek_dcmi_pins[EK_DCMI_PINS] = {
    [EK_DCMI_D0] = {'C', 6},    [EK_DCMI_D1] = {'C', 7},   [EK_DCMI_D2] = {'C', 8},
    [EK_DCMI_D3] = {'C', 9},    [EK_DCMI_D4] = {'C', 11},  [EK_DCMI_D5] = {'D', 3},
    [EK_DCMI_D6] = {'E', 5},    [EK_DCMI_D7] = {'E', 6},   [EK_DCMI_VSYNC] = {'G', 9},
    [EK_DCMI_HREF] = {'A', 4},  [EK_DCMI_PIXCLK] = {'A', 6}, [EK_DCMI_MCO1] = {'A', 8},
    [EK_DCMI_SIOC] = {'B', 8},  [EK_DCMI_SIOD] = {'B', 9},
};
