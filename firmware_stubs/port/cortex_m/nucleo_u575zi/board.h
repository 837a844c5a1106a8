/* board.h - ST NUCLEO-U575ZI-Q, STM32U575ZI, Cortex-M33 at 160 MHz.
 *
 * UM2861: the virtual serial port of the ST-LINK is USART1 on PA9 and PA10; Arduino pin D2 is PF15.
 * Alternate function 7 of both: data sheet DS13737, alternate function table. RM0456: USART1
 * 0x40013800, interrupt 61; GPIO from 0x42020000.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-u575zi"
#define EK_BOARD_HZ 160000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 1u

#define EK_BOARD_UART 0x40013800u
#define EK_BOARD_UART_INTERRUPT 61u
#define EK_BOARD_UART_FUNCTION 7u
#define EK_BOARD_UART_DIVIDER (16000000u / EK_BOARD_BAUD)
#define EK_BOARD_UART_FIFO 1u

#define EK_BOARD_GPIO_CLOCKS (1u << 0 | 1u << 5)
#define EK_BOARD_TX_PORT EK_GPIO(0x42020000u, 'A')
#define EK_BOARD_TX_PIN 9u
#define EK_BOARD_RX_PORT EK_GPIO(0x42020000u, 'A')
#define EK_BOARD_RX_PIN 10u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x42020000u, 'F')
#define EK_BOARD_TRIGGER_PIN 15u

#endif
