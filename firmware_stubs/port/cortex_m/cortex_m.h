/* cortex_m.h - what startup.c offers the boards. */
#ifndef EK_CORTEX_M_H
#define EK_CORTEX_M_H

#include <stdint.h>

/* Bytes reserved for the stack, and the most that was in use since reset. */
uint32_t ek_stack_bytes(void);
uint32_t ek_stack_used(void);

#define EK_REG(address) (*(volatile uint32_t *)(address))

/* Tells the core where the vectors are: on boards whose flash does not start at 0, or where a
 * bootloader ran first. Vector Table Offset Register, Armv7-M ARM B3.2.5. */
static inline void ek_use_vectors(void)
{
    extern const uint32_t ek_vectors_start[];
    EK_REG(0xE000ED08u) = (uint32_t)ek_vectors_start;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

/* What was written before is there before anything that follows. */
static inline void ek_barrier(void) { __asm volatile("dsb\n\tisb" ::: "memory"); }

/* One interrupt line may wake the core, no other does; it is not taken, as all stay masked. */
static inline void ek_wake_on(uint32_t interrupt)
{
    for (uint32_t i = 0; i < 8; i++) EK_REG(0xE000E180u + 4 * i) = 0xFFFFFFFFu;
    EK_REG(0xE000E100u + 4 * (interrupt / 32)) = 1u << interrupt % 32;
}

/* Every interrupt line may wake the core; none is taken, as they stay masked. */
static inline void ek_wake_on_interrupts(void)
{
    for (uint32_t i = 0; i < 8; i++) *(volatile uint32_t *)(0xE000E100u + 4 * i) = 0xFFFFFFFFu;
}

/* Sleeps until an interrupt is pending, then forgets it. */
static inline void ek_wait_for_interrupt(void)
{
    __asm volatile("dsb\n\twfi" ::: "memory");
    for (uint32_t i = 0; i < 8; i++) *(volatile uint32_t *)(0xE000E280u + 4 * i) = 0xFFFFFFFFu;
}

#endif
