/* board.h - ST 32F746GDISCOVERY, STM32F746NG, Cortex-M7 at 216 MHz.
 *
 * UM1907: the virtual serial port of the ST-LINK is USART1 on PA9 and PB7; Arduino pin D2 is PG6.
 * Alternate function 7 of both: data sheet DS10916. RM0385: USART1 0x40011000, interrupt 37.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "stm32f746g-disco"
#define EK_BOARD_HZ 216000000u
#include "stm32f7.h"

#define EK_BOARD_BAUD 115200u
#define EK_BOARD_UART 0x40011000u
#define EK_BOARD_UART_INTERRUPT 37u
#define EK_BOARD_UART_FUNCTION 7u
#define EK_BOARD_UART_DIVIDER ((EK_BOARD_HZ_APB2 + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD)
#define EK_BOARD_UART_CLOCK_APB1 0u
#define EK_BOARD_UART_CLOCK_APB2 (1u << 4)

#define EK_BOARD_GPIO_CLOCKS (1u << 0 | 1u << 1 | 1u << 6)
#define EK_BOARD_TX_PORT EK_GPIO(0x40020000u, 'A')
#define EK_BOARD_TX_PIN 9u
#define EK_BOARD_RX_PORT EK_GPIO(0x40020000u, 'B')
#define EK_BOARD_RX_PIN 7u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x40020000u, 'G')
#define EK_BOARD_TRIGGER_PIN 6u

#endif
