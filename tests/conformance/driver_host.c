/* driver_host.c - each arena alone on the heap, so that AddressSanitizer sees its edges. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>

#include "cases.h"

static uint8_t before[64], after[64];
static void *arena;

uint8_t *ek_case_arena(uint32_t bytes)
{
    if (posix_memalign(&arena, 16, bytes) != 0) abort();
    return arena;
}

uint8_t *ek_case_before(void) { return before; }
uint8_t *ek_case_after(void) { return after; }
void ek_case_done(void) { free(arena); }
