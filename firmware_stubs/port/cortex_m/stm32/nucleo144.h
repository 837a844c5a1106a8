/* nucleo144.h - line and trigger of ST's STM32F2 and STM32F7 boards of the size NUCLEO-144.
 *
 * UM1974: the virtual serial port of the ST-LINK is USART3 on PD8 and PD9; Arduino pin D2 is PF15.
 * Alternate function 7 of both: the chips' data sheets. USART3 0x40004800, interrupt 39.
 */
#ifndef EK_NUCLEO144_H
#define EK_NUCLEO144_H

#define EK_BOARD_BAUD 115200u
#define EK_BOARD_UART 0x40004800u
#define EK_BOARD_UART_INTERRUPT 39u
#define EK_BOARD_UART_FUNCTION 7u
#define EK_BOARD_UART_CLOCK_APB1 (1u << 18)
#define EK_BOARD_UART_CLOCK_APB2 0u

#define EK_BOARD_GPIO_CLOCKS (1u << 3 | 1u << 5)
#define EK_BOARD_TX_PORT EK_GPIO(0x40020000u, 'D')
#define EK_BOARD_TX_PIN 8u
#define EK_BOARD_RX_PORT EK_GPIO(0x40020000u, 'D')
#define EK_BOARD_RX_PIN 9u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x40020000u, 'F')
#define EK_BOARD_TRIGGER_PIN 15u

#endif
