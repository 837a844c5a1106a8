/* stm32.h - what the STM32 families have alike: pins and a timer; each has its own set-up of clocks,
 * and one of two lines.
 *
 * Registers of GPIO and TIM2 have the same offsets in RM0390 (STM32F4), RM0432 (STM32L4+), RM0433
 * and RM0399 (STM32H7) and RM0456 (STM32U5).
 */
#ifndef EK_STM32_H
#define EK_STM32_H

#include <stdbool.h>
#include <stdint.h>

#include "cortex_m.h"

/* Brings the core to EK_BOARD_HZ from the internal oscillator, and switches on the clocks of the
 * board's pins, line and TIM2. */
void ek_stm32_clocks(void);

/* Opens the line whose pins have been given to it. */
void ek_stm32_open_line(void);

/* Whether a byte has arrived, or was lost. */
bool ek_stm32_has_byte(void);

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

#endif
