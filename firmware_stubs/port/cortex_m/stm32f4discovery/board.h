/* board.h - ST STM32F4DISCOVERY (STM32F407G-DISC1), STM32F407VG, Cortex-M4F at 168 MHz.
 *
 * RM0090: 168 MHz in voltage scale 1 with 5 wait states; APB1 at 42 MHz, TIM2 at 84, APB2 at 84.
 * UM1472: the first boards' ST-LINK has no serial port, and that of the later ones is not connected;
 * put a 3.3 V USB serial adapter to PA2 (USART2 TX) and PA3 (RX). PA10 is free for the trigger where
 * the USB socket CN5 is not used. So the pins are those of a NUCLEO-64.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "stm32f4discovery"
#define EK_BOARD_HZ 168000000u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 2u
#define EK_BOARD_PLL_P 2u
#define EK_BOARD_VOLTAGE_SCALE 1u
#define EK_BOARD_OVERDRIVE 0
#define EK_BOARD_FLASH_ACCESS (7u << 8 | 5u)
#define EK_BOARD_BUS_DIVIDERS (5u << 10 | 4u << 13)
#define EK_BOARD_M7 0

#define EK_BOARD_UART_DIVIDER ((42000000u + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD) /* APB1 */
#define EK_BOARD_GPIO 0x40020000u
#include "nucleo64.h"

#endif
