/* stm32f7.h - the speed of an STM32F746 or F767: 216 MHz, with over-drive and 7 wait states.
 *
 * RM0385 and RM0410: APB1 a quarter of it, so 54 MHz, TIM2 twice that; APB2 half.
 */
#ifndef EK_STM32F7_H
#define EK_STM32F7_H

#define EK_BOARD_HZ_APB1 54000000u
#define EK_BOARD_HZ_APB2 108000000u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 2u
#define EK_BOARD_PLL_P 2u
#define EK_BOARD_VOLTAGE_SCALE 3u
#define EK_BOARD_OVERDRIVE 1
#define EK_BOARD_FLASH_ACCESS (1u << 8 | 7u)
#define EK_BOARD_BUS_DIVIDERS (5u << 10 | 4u << 13)
#define EK_BOARD_M7 1
#define EK_BOARD_UART_FIFO 0u

#endif
