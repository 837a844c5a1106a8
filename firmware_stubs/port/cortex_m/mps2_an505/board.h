/* board.h - Arm MPS2 with image AN505, Cortex-M33, secure side; FPGAIO counts at 20 MHz. */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "mps2-an505"
#define EK_BOARD_TIMER_HZ 20000000u
#define EK_BOARD_UART0 0x50200000u
#define EK_BOARD_UART1 0x50201000u
#define EK_BOARD_FPGAIO 0x50302000u

#endif
