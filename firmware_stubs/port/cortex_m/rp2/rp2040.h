/* rp2040.h - RP2040: where its blocks are, at 125 MHz.
 *
 * RP2040 Datasheet, "Address map", "Interrupts" and the RESET register of "Subsystem resets" (bits of
 * IO_BANK0, PADS_BANK0, PLL_SYS, TIMER, UART0).
 */
#ifndef EK_RP2040_H
#define EK_RP2040_H

#define EK_BOARD_HZ 125000000u
#define EK_BOARD_BAUD 115200u

#define EK_BOARD_CLOCKS 0x40008000u
#define EK_BOARD_RESETS 0x4000C000u
#define EK_BOARD_IO 0x40014000u
#define EK_BOARD_PADS 0x4001C000u
#define EK_BOARD_XOSC 0x40024000u
#define EK_BOARD_PLL 0x40028000u
#define EK_BOARD_UART 0x40034000u
#define EK_BOARD_TIMER 0x40054000u
#define EK_BOARD_UART_INTERRUPT 20u

#define EK_BOARD_RESET_UART (1u << 22)
#define EK_BOARD_RESET_BITS (1u << 5 | 1u << 8 | 1u << 12 | 1u << 21 | EK_BOARD_RESET_UART)

/* SIO 0xD0000000 */
#define EK_BOARD_OUTPUT_SET 0xD0000014u
#define EK_BOARD_OUTPUT_CLEAR 0xD0000018u
#define EK_BOARD_OUTPUT_ENABLE 0xD0000024u

#endif
