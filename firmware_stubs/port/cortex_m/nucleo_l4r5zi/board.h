/* board.h - ST NUCLEO-L4R5ZI, STM32L4R5ZI, Cortex-M4F at 120 MHz.
 *
 * UM2179: the virtual serial port of the ST-LINK is LPUART1 on PG7 and PG8; Arduino pin D2 is PF15.
 * Alternate function 8 of both: data sheet DS12023, alternate function table. RM0432: LPUART1
 * 0x40008000, interrupt 70; GPIO from 0x48000000. BRR of an LPUART is 256 * clock / baud.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-l4r5zi"
#define EK_BOARD_HZ 120000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 1u
#define EK_BOARD_BOOST 1
#define EK_BOARD_WAIT_STATES 5u

#define EK_BOARD_UART 0x40008000u
#define EK_BOARD_UART_INTERRUPT 70u
#define EK_BOARD_UART_FUNCTION 8u
#define EK_BOARD_UART_DIVIDER ((uint32_t)(256ull * 16000000u / EK_BOARD_BAUD))
#define EK_BOARD_UART_FIFO 1u
#define EK_BOARD_UART_CLOCK_APB1 0u
#define EK_BOARD_UART_CLOCK_APB1_2 1u
#define EK_BOARD_UART_CLOCK_APB2 0u
#define EK_BOARD_UART_SOURCE 10u /* LPUART1SEL */

#define EK_BOARD_GPIO_CLOCKS (1u << 5 | 1u << 6)
#define EK_BOARD_TX_PORT EK_GPIO(0x48000000u, 'G')
#define EK_BOARD_TX_PIN 7u
#define EK_BOARD_RX_PORT EK_GPIO(0x48000000u, 'G')
#define EK_BOARD_RX_PIN 8u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x48000000u, 'F')
#define EK_BOARD_TRIGGER_PIN 15u

#endif
