/* m7.c - see m7.h. Caches and their maintenance: Armv7-M ARM, chapter "System Address Map", and PM0253. */
#include "m7.h"

#include "cortex_m.h"

/* Every set and way of the data cache is invalidated before it is switched on. */
static void start_caches(void)
{
    const uint32_t size = EK_REG(0xE000ED80u); /* CCSIDR: level 1 data, as after reset */
    const uint32_t sets = size >> 13 & 0x7FFF, ways = size >> 3 & 0x3FF;
    uint32_t on = EK_REG(0xE000ED14u);         /* CCR */
    if (!(on & 1u << 16)) {
        for (uint32_t set = 0; set <= sets; set++)
            for (uint32_t way = 0; way <= ways; way++)
                EK_REG(0xE000EF60u) = way << 30 | set << 5; /* DCISW: 4 ways, lines of 32 bytes */
    }
    EK_REG(0xE000EF50u) = 0; /* ICIALLU */
    __asm volatile("dsb\n\tisb" ::: "memory");
    EK_REG(0xE000ED14u) = on | 1u << 16 | 1u << 17;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

void ek_m7_start(void)
{
    EK_REG(0xE0001FB0u) = 0xC5ACCE55u; /* DWT's LAR */
    start_caches();
}
