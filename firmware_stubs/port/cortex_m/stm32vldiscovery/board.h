/* board.h - ST STM32VLDISCOVERY, STM32F100RB, Cortex-M3 at 24 MHz.
 *
 * UM0919: the ST-LINK of the board has no serial port; put a 3.3 V USB serial adapter to PA9 (USART1
 * TX) and PA10 (RX). The trigger is PA8. RM0041: USART1 0x40013800, interrupt 37; GPIO ports A from
 * 0x40010800; TIM2 has 16 bits.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "stm32vldiscovery"
#define EK_BOARD_HZ 24000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_TIMER_BITS 16u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 1u

#define EK_BOARD_UART 0x40013800u
#define EK_BOARD_UART_INTERRUPT 37u
#define EK_BOARD_UART_CLOCK_APB2 (1u << 14)
#define EK_BOARD_UART_DIVIDER ((EK_BOARD_HZ + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD)

#define EK_BOARD_GPIO_CLOCKS (1u << 2) /* port A, in APB2ENR */
#define EK_BOARD_TX_PORT EK_GPIO(0x40010800u, 'A')
#define EK_BOARD_TX_PIN 9u
#define EK_BOARD_RX_PORT EK_GPIO(0x40010800u, 'A')
#define EK_BOARD_RX_PIN 10u
#define EK_BOARD_TRIGGER_PORT EK_GPIO(0x40010800u, 'A')
#define EK_BOARD_TRIGGER_PIN 8u

#endif
