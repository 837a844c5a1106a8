/* driver_host.c - each block of an arena alone on the heap, so that AddressSanitizer sees its edges. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>

#include "cases.h"

static uint8_t guard[EK_MOST_BLOCKS + 1][64];
static void *blocks[EK_MOST_BLOCKS];

uint8_t *ek_case_block(int index, uint32_t bytes)
{
    if (posix_memalign(&blocks[index], 16, bytes) != 0) abort();
    return blocks[index];
}

uint8_t *ek_case_guard(int index) { return guard[index]; }

void ek_case_done(void)
{
    for (int i = 0; i < EK_MOST_BLOCKS; i++) {
        free(blocks[i]);
        blocks[i] = NULL;
    }
}
