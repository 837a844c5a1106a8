/* driver_board.c - one room for all arenas, guard bytes before, between and after their blocks. */
#include "cases.h"

enum { GUARD = 64 };

static _Alignas(16) uint8_t room[EK_CASE_ARENA + GUARD * (EK_CASE_BLOCKS + 1)];
static uint32_t ends[EK_CASE_BLOCKS + 1]; /* guard i starts where block i - 1 ends */

uint8_t *ek_case_block(int index, uint32_t bytes)
{
    const uint32_t start = (ends[index] + GUARD + 15) & ~15u;
    ends[index + 1] = start + bytes;
    return room + start;
}

uint8_t *ek_case_guard(int index) { return room + ends[index]; }
void ek_case_done(void) {}
