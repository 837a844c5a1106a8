/* board.h - Seeed XIAO nRF52840 (Sense), nRF52840, Cortex-M4F at 64 MHz.
 *
 * The USB socket carries no line of this firmware: put a 3.3 V USB serial adapter to pins D6 (P1.11, TX)
 * and D7 (P1.12, RX); the trigger is D2 (P0.28). Adafruit core for nRF52, Seeed_XIAO_nRF52840_Sense.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "xiao-nrf52840"
#define EK_BOARD_HZ 64000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_TX_PIN 43u
#define EK_BOARD_RX_PIN 44u
#define EK_BOARD_TRIGGER_PIN 28u

#endif
