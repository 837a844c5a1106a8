/* arduino_h7.h - Arduino's boards with an STM32H747, its Cortex-M7 at 400 MHz: all but the trigger.
 *
 * The USB socket carries no line of this firmware: a USB serial adapter goes to PA9 (USART1 TX) and PA10
 * (RX). Alternate function 7 of both: data sheet DS12930. RM0399: USART1 0x40011000, interrupt 37; GPIO
 * from 0x58020000. The bootloader has chosen the supply, LDO or switched; 400 MHz in VOS1 is right with
 * either, which 480 MHz is not.
 */
#ifndef EK_ARDUINO_H7_H
#define EK_ARDUINO_H7_H

#define EK_BOARD_HZ 400000000u
#define EK_BOARD_OVERDRIVE 0u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_CYCLES_PER_TIMER_CLOCK 2u

#define EK_BOARD_UART 0x40011000u
#define EK_BOARD_UART_INTERRUPT 37u
#define EK_BOARD_UART_FUNCTION 7u
#define EK_BOARD_UART_DIVIDER (64000000u / EK_BOARD_BAUD)
#define EK_BOARD_UART_FIFO 1u
#define EK_BOARD_UART_CLOCK_APB1L 0u
#define EK_BOARD_UART_CLOCK_APB2 (1u << 4)

#define EK_BOARD_TX_PORT EK_GPIO(0x58020000u, 'A')
#define EK_BOARD_TX_PIN 9u
#define EK_BOARD_RX_PORT EK_GPIO(0x58020000u, 'A')
#define EK_BOARD_RX_PIN 10u

#endif
