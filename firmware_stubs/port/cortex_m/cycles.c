/* cycles.c - see cycles.h: the count of core cycles on cores that have a DWT. */
#include "cycles.h"

#include "cortex_m.h"
#include "ek_port.h"

#define DEMCR EK_REG(0xE000EDFCu)
#define DWT_CTRL EK_REG(0xE0001000u)
#define DWT_CYCCNT EK_REG(0xE0001004u)

void ek_cycles_start(void)
{
    DEMCR |= 1u << 24; /* TRCENA */
    DWT_CYCCNT = (uint32_t)ek_slow_cycles();
    DWT_CTRL |= 1u; /* CYCCNTENA */
}

uint64_t ek_port_cycles(void) { return ek_nearest(ek_slow_cycles(), DWT_CYCCNT, 32); }

void ek_cycles_woke(void)
{
    uint32_t slept = (uint32_t)ek_slow_cycles() - DWT_CYCCNT;
    if ((int32_t)slept > 0) DWT_CYCCNT += slept;
}
