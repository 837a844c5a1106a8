/* board.h - Arduino Nano RP2040 Connect, RP2040, one Cortex-M0+ at 125 MHz.
 *
 * The line is UART0 on pins TX (D1, GP0) and RX (D0, GP1), where a 3.3 V USB serial adapter goes; the
 * USB socket carries no line of this firmware. The trigger is D2 (GP25). Arduino core for mbed,
 * variants/NANO_RP2040_CONNECT.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "arduino-nano-rp2040"
#define EK_BOARD_TRIGGER_PIN 25u
#include "rp2040.h"

#endif
