/* qemu_start.c - vectors and reset for running fuzz_main.c bare metal under semihosting.
 *
 * QEMU loads every section where it is linked and clears the rest, so nothing is copied here.
 */
#include <stdint.h>
#include <stdlib.h>

extern char ek_stack_top[];
extern void initialise_monitor_handles(void);
extern void _exit(int status) __attribute__((noreturn));
int main(void);
void reset(void);

static void fault(void) { _exit(3); }

void reset(void)
{
    volatile uint32_t *const cpacr = (volatile uint32_t *)0xe000ed88u;
    *cpacr |= UINT32_C(0xf) << 20; /* access to the FPU and to MVE; ignored by cores without */
    __asm__ volatile("dsb\n\tisb");
    initialise_monitor_handles();
    exit(main());
}

typedef union {
    void (*handler)(void);
    void *address;
} vector_t;

__attribute__((section(".vectors"), used)) static const vector_t vectors[16] = {
    {.address = ek_stack_top},
    {.handler = reset},
    {.handler = fault}, /* NMI */
    {.handler = fault}, /* hard fault */
    {.handler = fault}, /* memory management */
    {.handler = fault}, /* bus */
    {.handler = fault}, /* usage */
};
