/* nucleo64.h - line and trigger of ST's boards of the size NUCLEO-64; EK_BOARD_GPIO is port A's address.
 *
 * UM1724: the virtual serial port of the ST-LINK is USART2 on PA2 and PA3; Arduino pin D2 is PA10.
 * Alternate function 7 of both: the chips' data sheets. USART2 0x40004400, interrupt 38, in all of them.
 */
#ifndef EK_NUCLEO64_H
#define EK_NUCLEO64_H

#define EK_BOARD_BAUD 115200u
#define EK_BOARD_UART 0x40004400u
#define EK_BOARD_UART_INTERRUPT 38u
#define EK_BOARD_UART_FUNCTION 7u
#define EK_BOARD_UART_CLOCK_APB1 (1u << 17)
#define EK_BOARD_UART_CLOCK_APB2 0u

#define EK_BOARD_GPIO_CLOCKS 1u
#define EK_BOARD_TX_PORT EK_BOARD_GPIO
#define EK_BOARD_TX_PIN 2u
#define EK_BOARD_RX_PORT EK_BOARD_GPIO
#define EK_BOARD_RX_PIN 3u
#define EK_BOARD_TRIGGER_PORT EK_BOARD_GPIO
#define EK_BOARD_TRIGGER_PIN 10u

#endif
