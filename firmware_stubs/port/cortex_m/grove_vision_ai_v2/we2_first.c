/* we2_first.c - where a program starts that the WiseEye2's second boot loader has loaded.
 *
 * The loader's own stack, stack limit and choice of stack may still be in force: put them back to what
 * they are after reset (Armv8.1-M ARM, TakeReset), with the stack at this program's own.
 */
void ek_first(void);

__attribute__((naked)) void ek_first(void)
{
    __asm volatile(
        "movs r0, #0\n\t"
        "msr control, r0\n\t"
        "isb\n\t"
        "msr msplim, r0\n\t"
        "ldr r0, =ek_stack_high\n\t"
        "msr msp, r0\n\t"
        "b ek_reset\n\t"
        ".ltorg");
}
