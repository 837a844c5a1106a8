/* board.h - ST NUCLEO-F746ZG, STM32F746ZG, Cortex-M7 at 216 MHz. */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-f746zg"
#define EK_BOARD_HZ 216000000u
#include "stm32f7.h"

#define EK_BOARD_UART_DIVIDER ((EK_BOARD_HZ_APB1 + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD)
#include "nucleo144.h"

#endif
