/* board.h - Arduino Nicla Vision, STM32H747AI.
 *
 * The adapter's voltage must be that of the board's I/O; pins D1 (PA9, TX) and D2 (PA10, RX); the trigger
 * is D0 (PG12). Pins: Arduino core for mbed, variants/NICLA_VISION.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nicla-vision"
#include "arduino_h7.h"

#define EK_BOARD_GPIO_CLOCKS (1u << 0 | 1u << 6)
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x58020000u, 'G')
#define EK_BOARD_TRIGGER_PIN 12u

#endif
