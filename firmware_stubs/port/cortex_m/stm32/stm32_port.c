/* stm32_port.c - the port to STM32: counter, trigger, sleep.
 *
 * Chapters "General-purpose timers" of the reference manuals named in stm32.h: TIM2 0x40000000 has the
 * same registers in all, of 16 bits in STM32F1. Each family brings clocks, pins and a line.
 */
#include "board.h"
#include "cycles.h"
#include "ek_port.h"
#include "stm32.h"

#define TIM2 0x40000000u
#define TIM_CR1 EK_REG(TIM2 + 0x00u)
#define TIM_EGR EK_REG(TIM2 + 0x14u)
#define TIM_CNT EK_REG(TIM2 + 0x24u)
#define TIM_PSC EK_REG(TIM2 + 0x28u)
#define TIM_ARR EK_REG(TIM2 + 0x2Cu)

/* A timer of 16 bits goes round every 2^32 cycles: no window may last longer. */
enum { PRESCALER = EK_BOARD_TIMER_BITS == 16 ? 65536 : 1024 };
#define TIMER_MASK (0xFFFFFFFFu >> (32 - EK_BOARD_TIMER_BITS))

static uint64_t counted;

static void start_timer(void)
{
    TIM_PSC = PRESCALER - 1;
    TIM_ARR = TIMER_MASK;
    TIM_EGR = 1; /* takes the prescaler over */
    TIM_CR1 = 1;
}

uint64_t ek_slow_cycles(void)
{
    counted += (TIM_CNT - (uint32_t)counted) & TIMER_MASK;
    return counted * ((uint32_t)PRESCALER * EK_BOARD_CYCLES_PER_TIMER_CLOCK);
}

void ek_port_init(void)
{
    ek_use_vectors();
    ek_stm32_clocks();
    ek_stm32_pins();
    ek_stm32_open_line();
    start_timer();
    ek_cycles_start();
    ek_wake_on(EK_BOARD_UART_INTERRUPT);
}

void ek_port_sleep(void)
{
    if (ek_stm32_has_byte()) return;
    ek_wait_for_interrupt();
    ek_cycles_woke();
}
