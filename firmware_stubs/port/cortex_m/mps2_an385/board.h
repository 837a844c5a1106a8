/* board.h - Arm MPS2 with image AN385, Cortex-M3 at 25 MHz. */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "mps2-an385"
#define EK_BOARD_TIMER_HZ 25000000u
#define EK_BOARD_UART0 0x40004000u
#define EK_BOARD_UART1 0x40005000u
#define EK_BOARD_FPGAIO 0x40028000u

#endif
