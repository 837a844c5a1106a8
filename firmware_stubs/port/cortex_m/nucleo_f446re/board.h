/* board.h - ST NUCLEO-F446RE, STM32F446RE, Cortex-M4F at 16 MHz.
 *
 * UM1724: the virtual serial port of the ST-LINK is USART2 on PA2 and PA3; Arduino pin D2 is PA10.
 * Alternate function 7 of both: data sheet DS10693, alternate function table. RM0390: USART2
 * 0x40004400, interrupt 38; GPIO from 0x40020000.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-f446re"
#define EK_BOARD_HZ 16000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 1u

#define EK_BOARD_UART 0x40004400u
#define EK_BOARD_UART_INTERRUPT 38u
#define EK_BOARD_UART_FUNCTION 7u
#define EK_BOARD_UART_CLOCK_APB1 (1u << 17)
#define EK_BOARD_UART_DIVIDER ((EK_BOARD_HZ + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD)

#define EK_BOARD_GPIO_CLOCKS 1u
#define EK_BOARD_TX_PORT EK_GPIO(0x40020000u, 'A')
#define EK_BOARD_TX_PIN 2u
#define EK_BOARD_RX_PORT EK_GPIO(0x40020000u, 'A')
#define EK_BOARD_RX_PIN 3u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x40020000u, 'A')
#define EK_BOARD_TRIGGER_PIN 10u

#endif
