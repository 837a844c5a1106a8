/* driver_board.c - one arena for all models, guard bytes on both sides of the part in use. */
#include "cases.h"

static _Alignas(16) uint8_t room[64 + EK_CASE_ARENA + 64];
static uint32_t end;

uint8_t *ek_case_arena(uint32_t bytes)
{
    end = 64 + bytes;
    return room + 64;
}

uint8_t *ek_case_before(void) { return room; }
uint8_t *ek_case_after(void) { return room + end; }
void ek_case_done(void) {}
