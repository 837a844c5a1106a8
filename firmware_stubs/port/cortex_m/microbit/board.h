/* board.h - BBC micro:bit, nRF51822, Cortex-M0 at 16 MHz; addresses from its reference manual. */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "microbit"
#define EK_BOARD_TIMER_HZ 16000000u
#define EK_BOARD_TIMER0 0x40008000u
#define EK_BOARD_TX_PIN 24u
#define EK_BOARD_RX_PIN 25u
#define EK_BOARD_TRIGGER_PIN 3u /* edge connector pin 0 */

#endif
