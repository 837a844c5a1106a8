/* board.h - ST NUCLEO-F767ZI, STM32F767ZI, Cortex-M7 at 216 MHz. */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-f767zi"
#define EK_BOARD_HZ 216000000u
#include "stm32f7.h"

#define EK_BOARD_UART_DIVIDER ((EK_BOARD_HZ_APB1 + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD)
#include "nucleo144.h"

#endif
