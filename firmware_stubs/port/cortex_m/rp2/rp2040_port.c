/* rp2040_port.c - RP2040: cycles without a DWT, and microseconds from the watchdog's tick.
 *
 * SysTick counts core cycles down in 24 bits (Armv6-M ARM B3.3, 0xE000E010); the microseconds of
 * TIMER say which of its rounds this is. Both come from the one crystal. RP2040 Datasheet,
 * chapters "Watchdog" (TICK, 0x4005802C: the timer's microseconds) and "Timer".
 */
#include "board.h"
#include "cortex_m.h"
#include "cycles.h"
#include "ek_port.h"
#include "rp2.h"

#define WATCHDOG_TICK EK_REG(0x4005802Cu)
#define SYSTICK_CONTROL EK_REG(0xE000E010u)
#define SYSTICK_RELOAD EK_REG(0xE000E014u)
#define SYSTICK_VALUE EK_REG(0xE000E018u)

static uint32_t lead; /* of the count over what SysTick has counted; it may stop in a sleep */

static uint32_t fine(void) { return lead - SYSTICK_VALUE; }

void ek_cycles_start(void)
{
    WATCHDOG_TICK = 1u << 9 | 12u; /* crystal cycles in a microsecond */
    SYSTICK_RELOAD = 0xFFFFFFu;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5; /* on, core clock, no interrupt */
    lead = (uint32_t)ek_slow_cycles();
}

uint64_t ek_port_cycles(void) { return ek_nearest(ek_slow_cycles(), fine(), 24); }

void ek_cycles_woke(void)
{
    uint64_t slow = ek_slow_cycles(), count = ek_nearest(slow, fine(), 24);
    if (slow > count) lead += (uint32_t)(slow - count);
}

void ek_port_init(void)
{
    ek_rp2_start();
    ek_cycles_start();
}

void ek_port_sleep(void)
{
    if (ek_rp2_has_byte()) return;
    ek_wait_for_interrupt();
    ek_cycles_woke();
}
