/* board.h - ST NUCLEO-F207ZG, STM32F207ZG, Cortex-M3 at 120 MHz.
 *
 * RM0033: 120 MHz with 3 wait states; APB1 at 30 MHz, TIM2 at 60, APB2 at 60.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-f207zg"
#define EK_BOARD_HZ 120000000u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 2u
#define EK_BOARD_PLL_P 2u
#define EK_BOARD_VOLTAGE_SCALE 0u
#define EK_BOARD_OVERDRIVE 0
#define EK_BOARD_FLASH_ACCESS (7u << 8 | 3u)
#define EK_BOARD_BUS_DIVIDERS (5u << 10 | 4u << 13)
#define EK_BOARD_M7 0

#define EK_BOARD_UART_DIVIDER ((30000000u + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD) /* APB1 */
#include "nucleo144.h"

#endif
