/* board.h - ST NUCLEO-F401RE, STM32F401RE, Cortex-M4F at 84 MHz.
 *
 * RM0368: 84 MHz in voltage scale 2 with 2 wait states; APB1 at 42 MHz, TIM2 at 84.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "nucleo-f401re"
#define EK_BOARD_HZ 84000000u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 1u
#define EK_BOARD_PLL_P 4u
#define EK_BOARD_VOLTAGE_SCALE 2u
#define EK_BOARD_OVERDRIVE 0
#define EK_BOARD_FLASH_ACCESS (7u << 8 | 2u)
#define EK_BOARD_BUS_DIVIDERS (4u << 10)
#define EK_BOARD_M7 0

#define EK_BOARD_UART_DIVIDER ((42000000u + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD) /* APB1 */
#define EK_BOARD_GPIO 0x40020000u
#include "nucleo64.h"

#endif
