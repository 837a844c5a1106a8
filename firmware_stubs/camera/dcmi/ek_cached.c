/* ek_cached.c - the frame under the data cache of a Cortex-M7.
 *
 * The port switches the cache on, and RAM is cached by the default memory map; lines are dropped by
 * address with DCIMVAC (Armv7-M ARM B2.2.7 and B3.2, 0xE000EF5C). Tightly coupled memory is not
 * cached, and nothing happens there.
 */
#include "cortex_m.h"
#include "ek_dcmi.h"

#define DCIMVAC EK_REG(0xE000EF5Cu)

enum { LINE = 32 };

void ek_dcmi_forget(const void *memory, uint32_t bytes)
{
    const uint32_t start = (uint32_t)(uintptr_t)memory;
    ek_barrier();
    for (uint32_t offset = 0; offset < bytes; offset += LINE) DCIMVAC = start + offset;
    ek_barrier();
}
