/* board.h - Nordic nRF52840 DK (PCA10056), nRF52840, Cortex-M4F at 64 MHz.
 *
 * nRF52840 DK User Guide: the interface chip's serial port is on P0.06 (TX) and P0.08 (RX); Arduino pin
 * D2 is P1.03.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nrf52840dk"
#define EK_BOARD_HZ 64000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_TX_PIN 6u
#define EK_BOARD_RX_PIN 8u
#define EK_BOARD_TRIGGER_PIN 35u

#endif
