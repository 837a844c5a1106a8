/* startup.c - from reset to main on any Cortex-M, and what happens when something goes wrong.
 *
 * The stack lies at the low end of RAM, so that overflowing it faults instead of eating data.
 * It is painted before use: what is no longer painted was used.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cortex_m.h"
#include "ek_port.h"
#include "ek_text.h"

#define PAINT 0xA5A5A5A5u

extern uint32_t ek_stack_low[], ek_stack_high[];
extern uint32_t ek_data_start[], ek_data_end[], ek_data_image[], ek_bss_start[], ek_bss_end[];

int main(void);
_Noreturn void ek_reset(void);
void ek_first(void);
_Noreturn void ek_fault_report(const uint32_t *frame);
void ek_fault(void);

/* Where the core starts: a board whose RAM cannot be written yet has its own. */
__attribute__((weak, alias("ek_reset"))) void ek_first(void);

/* Only faults are ever taken: interrupts stay masked and merely wake the core from WFI. */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handler[15])(void);
} vectors = {
    ek_stack_high,
    {ek_first, ek_fault, ek_fault, ek_fault, ek_fault, ek_fault, ek_fault,
     ek_fault, ek_fault, ek_fault, ek_fault, ek_fault, ek_fault, ek_fault, ek_fault},
};

static void enable_coprocessors(void)
{
#ifdef __ARM_FP /* floating point and Helium: full access to CP10 and CP11 */
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm volatile("dsb\n\tisb" ::: "memory");
#endif
}

/* Running off the stack must fault, also where something harmless lies below RAM. Armv8-M has a
 * limit register; Armv7-M may have an MPU, of which one region of 64 KB without access does. */
#if defined __ARM_ARCH_8M_MAIN__ || defined __ARM_ARCH_8_1M_MAIN__
static void guard_stack(void) { __asm volatile("msr msplim, %0" ::"r"(ek_stack_low)); }
#elif __ARM_ARCH >= 7
static void guard_stack(void)
{
    volatile uint32_t *const mpu = (volatile uint32_t *)0xE000ED90u;
    uint32_t regions = mpu[0] >> 8 & 0xFF, low = (uint32_t)ek_stack_low;
    if (regions == 0 || low % 0x10000u != 0) return;
    mpu[2] = 0;                               /* region 0 */
    mpu[3] = low - 0x10000u;                  /* base */
    mpu[4] = 1u << 28 | 15u << 1 | 1u;        /* no execution, no access, 2^16 bytes, on */
    mpu[1] = 1u << 2 | 1u;                    /* elsewhere the default map, on */
    __asm volatile("dsb\n\tisb" ::: "memory");
}
#else
static void guard_stack(void) {}
#endif

static uint32_t *stack_pointer(void)
{
    uint32_t *sp;
    __asm volatile("mov %0, sp" : "=r"(sp));
    return sp;
}

static void paint_stack(void)
{
    for (uint32_t *at = ek_stack_low; at < stack_pointer(); at++) *(volatile uint32_t *)at = PAINT;
}

uint32_t ek_stack_bytes(void) { return (uint32_t)((ek_stack_high - ek_stack_low) * 4); }

uint32_t ek_stack_used(void)
{
    const uint32_t *at = ek_stack_low;
    while (at < ek_stack_high && *(const volatile uint32_t *)at == PAINT) at++;
    return (uint32_t)((ek_stack_high - at) * 4);
}

static _Noreturn void stop(void)
{
    for (;;) __asm volatile("wfi");
}

_Noreturn void ek_reset(void)
{
    __asm volatile("cpsid i");
    enable_coprocessors();
    paint_stack();
    guard_stack();
    memcpy(ek_data_start, ek_data_image, (size_t)(ek_data_end - ek_data_start) * 4);
    memset(ek_bss_start, 0, (size_t)(ek_bss_end - ek_bss_start) * 4);
    main();
    stop();
}

/* The stack may be what broke: start afresh at its top, keeping the old pointer to look at. */
__attribute__((naked)) void ek_fault(void)
{
    __asm volatile(
        "mov r0, sp\n\t"
        "ldr r1, =ek_stack_high\n\t"
        "mov sp, r1\n\t"
        "bl ek_fault_report\n\t");
}

static void put_word(const char *label, uint32_t word)
{
    ek_put(label);
    for (int shift = 24; shift >= 0; shift -= 8) ek_put_hex((uint8_t)(word >> shift));
}

static uint32_t exception_number(void)
{
    uint32_t number;
    __asm volatile("mrs %0, ipsr" : "=r"(number));
    return number & 0x1FF;
}

/* Configurable Fault Status Register; Armv6-M has none. */
static uint32_t fault_status(void)
{
    return __ARM_ARCH >= 7 ? *(const volatile uint32_t *)0xE000ED28u : 0;
}

_Noreturn void ek_fault_report(const uint32_t *frame)
{
    const uint32_t status = fault_status(), stack_limit = 1u << 20; /* STKOF, Armv8-M */
    const bool outside = frame < ek_stack_low || frame + 8 > ek_stack_high;
    ek_put("\r\ne-[Fault: exception ");
    ek_put_u64(exception_number());
    if (outside || (status & stack_limit)) ek_put(", stack overflow");
    if (!outside) put_word(", pc 0x", frame[6]);
    put_word(", cfsr 0x", status);
    ek_put("]\r\n");
    stop();
}
