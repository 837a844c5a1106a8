/* board.h - Raspberry Pi Pico 2, RP2350, one Cortex-M33 at 150 MHz.
 *
 * The line is UART0 on GP0 (TX) and GP1 (RX), where a Debug Probe's UART or a 3.3 V USB serial
 * adapter goes; the USB socket carries no line of this firmware. The trigger is GP22. Raspberry Pi
 * Pico 2 Datasheet; RP2350 Datasheet, "Address map", "Interrupts" and the RESET register of "Resets"
 * (bits of IO_BANK0, PADS_BANK0, PLL_SYS, TIMER0, UART0).
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "pico2"
#define EK_BOARD_HZ 150000000u
#define EK_BOARD_BAUD 115200u
#define EK_BOARD_TRIGGER_PIN 22u

#define EK_BOARD_CLOCKS 0x40010000u
#define EK_BOARD_RESETS 0x40020000u
#define EK_BOARD_IO 0x40028000u
#define EK_BOARD_PADS 0x40038000u
#define EK_BOARD_XOSC 0x40048000u
#define EK_BOARD_PLL 0x40050000u
#define EK_BOARD_UART 0x40070000u
#define EK_BOARD_TIMER 0x400B0000u
#define EK_BOARD_UART_INTERRUPT 33u

#define EK_BOARD_RESET_UART (1u << 26)
#define EK_BOARD_RESET_BITS (1u << 6 | 1u << 9 | 1u << 14 | 1u << 23 | EK_BOARD_RESET_UART)

/* SIO 0xD0000000 */
#define EK_BOARD_OUTPUT_SET 0xD0000018u
#define EK_BOARD_OUTPUT_CLEAR 0xD0000020u
#define EK_BOARD_OUTPUT_ENABLE 0xD0000038u

#endif
