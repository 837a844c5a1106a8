/* board.h - ST NUCLEO-F446RE, STM32F446RE, Cortex-M4F at 180 MHz.
 *
 * RM0390: 180 MHz with over-drive and 5 wait states; APB1 at 45 MHz, TIM2 at 90, APB2 at 90.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-f446re"
#define EK_BOARD_HZ 180000000u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 2u
#define EK_BOARD_PLL_P 2u
#define EK_BOARD_VOLTAGE_SCALE 3u
#define EK_BOARD_OVERDRIVE 1
#define EK_BOARD_FLASH_ACCESS (7u << 8 | 5u)
#define EK_BOARD_BUS_DIVIDERS (5u << 10 | 4u << 13)
#define EK_BOARD_M7 0

#define EK_BOARD_UART_DIVIDER ((45000000u + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD) /* APB1 */
#define EK_BOARD_GPIO 0x40020000u
#include "nucleo64.h"

#endif
