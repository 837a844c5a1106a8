/* stm32h7_first.c - where an STM32H743 starts that no bootloader has prepared.
 *
 * After power-on RAM cannot be written until the supply is chosen, once: PWR_CR3 (0x5802480C), the
 * LDO; PWR_CSR1 (0x58024804) then says that the voltage is there. RM0433, chapter "Power control",
 * system supply start-up. No stack is used here, therefore, and no variable.
 */
void ek_first(void);

__attribute__((naked)) void ek_first(void)
{
    __asm volatile(
        "ldr r0, =0x58024800\n\t"
        "movs r1, #2\n\t" /* LDOEN */
        "strb r1, [r0, #0x0C]\n"
        "0:\n\t"
        "ldr r1, [r0, #0x04]\n\t"
        "lsls r1, r1, #18\n\t" /* ACTVOSRDY, bit 13 */
        "bpl 0b\n\t"
        "b ek_reset\n\t"
        ".ltorg");
}
