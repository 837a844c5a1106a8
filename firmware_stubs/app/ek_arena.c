/* ek_arena.c - see ek_arena.h. */
#include "ek_arena.h"

#include <stdbool.h>
#include <string.h>

#include "ek_place.h"
#include "ek_protocol.h"

#define EK_PAINT 0xA5
#define EK_GUARD 0xC3

#define EK_BLOCK(n, size) EK_PLACE(n) ek_block_##n##_t ek_block_##n;
EK_ARENA_BLOCKS
#undef EK_BLOCK

typedef struct {
    uint8_t *before, *data, *after;
    uint32_t bytes;
} guarded_t;

#define EK_BLOCK(n, size) {ek_block_##n.before, ek_block_##n.data, ek_block_##n.after, size},
static const guarded_t blocks[] = {EK_ARENA_BLOCKS};
#undef EK_BLOCK

#ifdef EK_SPLIT
#define EK_BLOCK(n, size) ek_block_##n.data,
const ek_arena_t ek_arena = {{EK_ARENA_BLOCKS}};
#undef EK_BLOCK

static bool too_small(void)
{
    if (EK_MODEL.blocks->count != ek_arena_count()) return true;
    for (uint32_t i = 0; i < ek_arena_count(); i++)
        if (EK_MODEL.blocks->block[i].bytes > blocks[i].bytes) return true;
    return false;
}

const char *ek_arena_memory(uint32_t block) { return EK_MODEL.blocks->block[block].memory; }

static uint8_t found_in(uint32_t block) { return (uint8_t)((block + 1) << EK_GUARDED_BLOCK); }
#else
static bool too_small(void) { return EK_MODEL.arena_bytes > blocks[0].bytes; }

const char *ek_arena_memory(uint32_t block)
{
    (void)block;
    return "";
}

static uint8_t found_in(uint32_t block)
{
    (void)block;
    return 0;
}
#endif

uint32_t ek_arena_count(void) { return sizeof blocks / sizeof blocks[0]; }

uint32_t ek_arena_bytes(uint32_t block) { return blocks[block].bytes; }

const char *ek_arena_init(void)
{
    if (too_small()) return "EK_ARENA_BYTES is less than the model needs";
    for (uint32_t i = 0; i < ek_arena_count(); i++) {
        memset(blocks[i].before, EK_GUARD, EK_GUARD_BYTES);
        memset(blocks[i].after, EK_GUARD, EK_GUARD_BYTES);
    }
    return 0;
}

static bool broken(const uint8_t *guard)
{
    for (int i = 0; i < EK_GUARD_BYTES; i++)
        if (guard[i] != EK_GUARD) return true;
    return false;
}

uint8_t ek_arena_guard(void)
{
    for (uint32_t i = 0; i < ek_arena_count(); i++) {
        uint8_t found = 0;
        if (broken(blocks[i].before)) found |= EK_GUARD_BEFORE;
        if (broken(blocks[i].after)) found |= EK_GUARD_AFTER;
        if (found) return found | found_in(i);
    }
    return 0;
}

void ek_arena_paint(void)
{
    for (uint32_t i = 0; i < ek_arena_count(); i++) memset(blocks[i].data, EK_PAINT, blocks[i].bytes);
}

uint32_t ek_arena_used(uint32_t block)
{
    uint32_t used = blocks[block].bytes;
    while (used > 0 && blocks[block].data[used - 1] == EK_PAINT) used--;
    return used;
}
