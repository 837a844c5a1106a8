/* board.h - Raspberry Pi Pico, RP2040, one Cortex-M0+ at 125 MHz.
 *
 * The line is UART0 on GP0 (TX) and GP1 (RX), where a Debug Probe's UART or a 3.3 V USB serial
 * adapter goes; the USB socket carries no line of this firmware. The trigger is GP22, which the
 * Arducam HM01B0 leaves free. Raspberry Pi Pico Datasheet.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "pico"
#define EK_BOARD_TRIGGER_PIN 22u
#include "rp2040.h"

#endif
