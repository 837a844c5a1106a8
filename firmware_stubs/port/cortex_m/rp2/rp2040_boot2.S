/* rp2040_boot2.S - the second stage that RP2040's boot ROM copies from flash to RAM and runs.
 *
 * It lets the flash be read as memory with the plain 03h command, which every serial NOR flash has,
 * at a quarter of the system clock, and enters the program behind it. The boot ROM runs it only if
 * its last word is the checksum of the first 252 bytes; the build computes that word.
 *
 * RP2040 Datasheet, "Flash Second Stage" (2.8.1.3), "Checksum" (2.8.1.3.1) and "SSI" (XIP_SSI
 * 0x18000000; SSIENR 0x08, BAUDR 0x14, CTRLR0 0x00, CTRLR1 0x04, SPI_CTRLR0 0xF4).
 */
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .section .boot2, "ax", %progbits
ek_boot2:
    ldr r3, =0x18000000
    movs r0, #0
    movs r1, #1
    str r0, [r3, #0x08]     /* off while it changes */
    movs r2, #4
    str r2, [r3, #0x14]     /* clock divider */
    ldr r2, =0x001F0300     /* one bit wide, 32 bits of data, reads as of an EEPROM */
    str r2, [r3, #0x00]
    str r0, [r3, #0x04]     /* one word at a time */
    ldr r2, =0x03000218     /* command 03h of 8 bits, 24 bits of address, both one bit wide */
    ldr r0, =0x180000F4
    str r2, [r0]
    str r1, [r3, #0x08]
    ldr r0, =ek_vectors_start
    ldr r1, =0xE000ED08     /* VTOR */
    str r0, [r1]
    ldm r0!, {r1, r2}
    msr msp, r1
    bx r2
    .ltorg
    .org 252
    .word 0                 /* the checksum */
