/* cortex_m.h - what startup.c offers the boards. */
#ifndef EK_CORTEX_M_H
#define EK_CORTEX_M_H

#include <stdint.h>

/* Bytes reserved for the stack, and the most that was in use since reset. */
uint32_t ek_stack_bytes(void);
uint32_t ek_stack_used(void);

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
