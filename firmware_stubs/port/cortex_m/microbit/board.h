/* board.h - BBC micro:bit V1, nRF51822, Cortex-M0 at 16 MHz.
 *
 * The line is the interface chip's serial port: TGT_TX P0.24, TGT_RX P0.25. The trigger is pin 0 of the
 * edge connector, P0.03. micro:bit V1 schematics; nRF51 Reference Manual 3.0: TIMER0 0x40008000.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "microbit"
#define EK_BOARD_HZ 16000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_TIMER0 0x40008000u
#define EK_BOARD_TX_PIN 24u
#define EK_BOARD_RX_PIN 25u
#define EK_BOARD_TRIGGER_PIN 3u

#endif
