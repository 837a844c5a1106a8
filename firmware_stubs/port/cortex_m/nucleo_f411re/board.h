/* board.h - ST NUCLEO-F411RE, STM32F411RE, Cortex-M4F at 100 MHz.
 *
 * RM0383: 100 MHz in voltage scale 1 with 3 wait states; APB1 at 50 MHz, TIM2 at 100.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-f411re"
#define EK_BOARD_HZ 100000000u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 1u
#define EK_BOARD_PLL_P 4u
#define EK_BOARD_VOLTAGE_SCALE 3u
#define EK_BOARD_OVERDRIVE 0
#define EK_BOARD_FLASH_ACCESS (7u << 8 | 3u)
#define EK_BOARD_BUS_DIVIDERS (4u << 10)
#define EK_BOARD_M7 0

#define EK_BOARD_UART_DIVIDER ((50000000u + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD) /* APB1 */
#define EK_BOARD_GPIO 0x40020000u
#include "nucleo64.h"

#endif
