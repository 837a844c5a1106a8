/* board.h - Arm MPS3 with image AN547, Cortex-M55, secure side; FPGAIO counts at 20 MHz. */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "mps3-an547"
#define EK_BOARD_TIMER_HZ 20000000u
#define EK_BOARD_UART0 0x59303000u
#define EK_BOARD_UART1 0x59304000u
#define EK_BOARD_FPGAIO 0x59302000u

#endif
