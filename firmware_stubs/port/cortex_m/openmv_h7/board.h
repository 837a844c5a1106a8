/* board.h - OpenMV Cam H7, STM32H743VI, Cortex-M7 at 480 MHz (revision V).
 *
 * The USB socket carries no line of this firmware: put a 3.3 V USB serial adapter to pins P4 (PB10,
 * USART3 TX) and P5 (PB11, RX); the trigger is P7 (PD12). Pins: OpenMV Cam H7 pinout. Alternate
 * function 7 of both: data sheet DS12110. RM0433: USART3 0x40004800, interrupt 39; GPIO from
 * 0x58020000.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "openmv-h7"
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

#define EK_BOARD_GPIO_CLOCKS (1u << 1 | 1u << 3)
#define EK_BOARD_TX_PORT EK_GPIO(0x58020000u, 'B')
#define EK_BOARD_TX_PIN 10u
#define EK_BOARD_RX_PORT EK_GPIO(0x58020000u, 'B')
#define EK_BOARD_RX_PIN 11u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x58020000u, 'D')
#define EK_BOARD_TRIGGER_PIN 12u

#endif
