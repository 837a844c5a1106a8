/* board.h - ST NUCLEO-H743ZI and H743ZI2, STM32H743ZI, Cortex-M7 at 480 MHz (revision V).
 *
 * UM2407 (UM1974 for the first board): the virtual serial port of the ST-LINK is USART3 on PD8 and
 * PD9; Arduino pin D2 is PF15. Alternate function 7 of both: data sheet DS12110, alternate function
 * table. RM0433: USART3 0x40004800, interrupt 39; GPIO from 0x58020000.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-h743zi"
#define EK_BOARD_HZ 480000000u
#define EK_BOARD_OVERDRIVE 1u /* VOS0 */
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 2u

#define EK_BOARD_UART 0x40004800u
#define EK_BOARD_UART_INTERRUPT 39u
#define EK_BOARD_UART_FUNCTION 7u
#define EK_BOARD_UART_DIVIDER (64000000u / EK_BOARD_BAUD)
#define EK_BOARD_UART_FIFO 1u
#define EK_BOARD_UART_CLOCK_APB1L (1u << 18)
#define EK_BOARD_UART_CLOCK_APB2 0u

#define EK_BOARD_GPIO_CLOCKS (1u << 3 | 1u << 5)
#define EK_BOARD_TX_PORT EK_GPIO(0x58020000u, 'D')
#define EK_BOARD_TX_PIN 8u
#define EK_BOARD_RX_PORT EK_GPIO(0x58020000u, 'D')
#define EK_BOARD_RX_PIN 9u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x58020000u, 'F')
#define EK_BOARD_TRIGGER_PIN 15u

#endif
