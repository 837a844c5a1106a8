/* board.h - Arduino Nano 33 BLE, nRF52840, Cortex-M4F at 64 MHz.
 *
 * The USB socket belongs to the chip and carries no line of this firmware: put a 3.3 V USB serial
 * adapter to pins TX (D1, P1.03) and RX (D0, P1.10). Pins: Arduino core for nRF52 (mbed),
 * variants/ARDUINO_NANO33BLE. Pin numbers count on from port 0 to port 1 (PS 6.33.9.7, PSEL).
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nano33ble"
#define EK_BOARD_HZ 64000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_TX_PIN 35u
#define EK_BOARD_RX_PIN 42u
#define EK_BOARD_TRIGGER_PIN 43u /* D2, P1.11 */

#endif
