/* board.h - ST NUCLEO-L476RG, STM32L476RG, Cortex-M4F at 80 MHz; the line runs from HSI16. */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-l476rg"
#define EK_BOARD_HZ 80000000u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 1u
#define EK_BOARD_BOOST 0
#define EK_BOARD_WAIT_STATES 4u

#define EK_BOARD_UART_DIVIDER (16000000u / EK_BOARD_BAUD)
#define EK_BOARD_UART_FIFO 0u
#define EK_BOARD_UART_CLOCK_APB1_2 0u
#define EK_BOARD_UART_SOURCE 2u /* USART2SEL */
#define EK_BOARD_GPIO 0x48000000u
#include "nucleo64.h"

#endif
