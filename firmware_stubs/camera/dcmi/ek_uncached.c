/* ek_uncached.c - the frame in memory that the core has no cache over. */
#include "cortex_m.h"
#include "ek_dcmi.h"

void ek_dcmi_forget(const void *memory, uint32_t bytes)
{
    (void)memory;
    (void)bytes;
    ek_barrier();
}
