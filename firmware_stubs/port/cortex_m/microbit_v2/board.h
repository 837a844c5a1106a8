/* board.h - BBC micro:bit V2, nRF52833, Cortex-M4F at 64 MHz.
 *
 * The line is the interface chip's serial port: TX P0.06, RX P1.08; the trigger is pin 0 of the edge
 * connector, P0.02. micro:bit developer documentation, V2 pin map.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "microbit-v2"
#define EK_BOARD_HZ 64000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_TX_PIN 6u
#define EK_BOARD_RX_PIN 40u
#define EK_BOARD_TRIGGER_PIN 2u

#endif
