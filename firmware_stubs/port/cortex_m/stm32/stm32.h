/* stm32.h - what makes a port to an STM32: stm32_port.c, and of each kind of file below one.
 *
 *   clocks   of the family
 *   pins     stm32_pins.c, or stm32f1_pins.c
 *   line     stm32_usart.c, or stm32f4_usart.c of the older families
 *
 * Reference manuals: RM0041 (STM32F100), RM0033 (F207), RM0368, RM0383, RM0090 and RM0390 (F4), RM0385
 * and RM0410 (F7), RM0351 (L4), RM0432 (L4+), RM0433 and RM0399 (H7), RM0456 (U5).
 */
#ifndef EK_STM32_H
#define EK_STM32_H

#include <stdbool.h>
#include <stdint.h>

#include "cortex_m.h"

/* Brings the core to EK_BOARD_HZ from the internal oscillator, and switches on the clocks of the
 * board's pins, line and TIM2. */
void ek_stm32_clocks(void);

/* Gives the line its pins, and raises the trigger. */
void ek_stm32_pins(void);

/* Opens the line whose pins have been given to it. */
void ek_stm32_open_line(void);

/* Whether a byte has arrived, or was lost. */
bool ek_stm32_has_byte(void);

/* Bits of TIM2. */
#ifndef EK_BOARD_TIMER_BITS
#define EK_BOARD_TIMER_BITS 32u
#endif

#define EK_GPIO(port, letter) ((port) + 0x400u * ((letter) - 'A'))

/* Changes the bits of `mask` to those of `bits`. */
static inline void ek_change(uint32_t address, uint32_t mask, uint32_t bits)
{
    EK_REG(address) = (EK_REG(address) & ~mask) | bits;
}

static inline void ek_await(uint32_t address, uint32_t mask, uint32_t bits)
{
    while ((EK_REG(address) & mask) != bits) {
    }
}

/* Whether a PLL that has been switched on locks, for which data sheets allow some 5,000 cycles.
 * QEMU emulates no clocks: there none ever locks, and the core goes on as it started. */
static inline bool ek_stm32_pll_locks(uint32_t address, uint32_t ready)
{
    for (int looks = 0; looks < 10000; looks++)
        if (EK_REG(address) & ready) return true;
    return false;
}

#endif
