/* board.h - Seeed Grove Vision AI Module V2, Himax WiseEye2 HX6538, its large Cortex-M55.
 *
 * The chip's makers publish no manual. What is known of it is in the SDK they publish for this board
 * (HimaxWiseEyePlus/Seeed_Grove_Vision_AI_Module_V2): WE2_S.svd has UART0 0x54003000, interrupt 90;
 * its README the line, 921600 baud on the USB socket. The boot loader speaks on it before this firmware
 * starts and leaves pins, divider and the core's 400 MHz as they are wanted. There is no trigger:
 * the registers that give a pin to a GPIO are in the maker's library only.
 */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_NAME "grove-vision-ai-v2"
#define EK_BOARD_HZ 400000000u
#define EK_BOARD_BAUD 921600u

#define EK_BOARD_UART 0x54003000u
#define EK_BOARD_UART_INTERRUPT 90u

#endif
