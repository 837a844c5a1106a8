/* board.h - Arduino Portenta H7, STM32H747XI.
 *
 * Pins D14 (PA9, TX) and D13 (PA10, RX), at 3.3 V; the trigger is D6 (PA8). Pins: Arduino core for mbed,
 * variants/PORTENTA_H7_M7.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "portenta-h7"
#include "arduino_h7.h"

#define EK_BOARD_GPIO_CLOCKS 1u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x58020000u, 'A')
#define EK_BOARD_TRIGGER_PIN 8u

#endif
