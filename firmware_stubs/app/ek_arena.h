/* ek_arena.h - the arena: a block in each memory the model was planned for, between guard words.
 *
 * The build names the blocks in EK_ARENA_BLOCKS, and the port says where each of them lies. */
#ifndef EK_ARENA_H
#define EK_ARENA_H

#include <stdint.h>

#include "ek_config.h"
#include "ek_model.h"

extern const ek_model_t EK_MODEL;

enum { EK_GUARD_BYTES = 16 };

#define EK_BLOCK(n, size)                            \
    typedef struct {                                 \
        _Alignas(16) uint8_t before[EK_GUARD_BYTES]; \
        _Alignas(16) uint8_t data[size];             \
        uint8_t after[EK_GUARD_BYTES];               \
    } ek_block_##n##_t;                              \
    extern ek_block_##n##_t ek_block_##n;
EK_ARENA_BLOCKS
#undef EK_BLOCK

#ifdef EK_SPLIT /* several blocks: the model takes their addresses */
typedef const ek_arena_t *ek_arena_ref_t;
extern const ek_arena_t ek_arena;
#define EK_ARENA (&ek_arena)
#define EK_INVOKE EK_MODEL.blocks->invoke
#define EK_RESET EK_MODEL.blocks->reset

static inline uint8_t *ek_arena_input(uint32_t i)
{
    return ek_arena.block[EK_MODEL.blocks->input[i]] + EK_MODEL.input[i].offset;
}

static inline uint8_t *ek_arena_output(uint32_t i)
{
    return ek_arena.block[EK_MODEL.blocks->output[i]] + EK_MODEL.output[i].offset;
}
#else
typedef uint8_t *ek_arena_ref_t;
#define EK_ARENA ek_block_0.data
#define EK_INVOKE EK_MODEL.invoke
#define EK_RESET EK_MODEL.reset

static inline uint8_t *ek_arena_input(uint32_t i) { return EK_ARENA + EK_MODEL.input[i].offset; }
static inline uint8_t *ek_arena_output(uint32_t i) { return EK_ARENA + EK_MODEL.output[i].offset; }
#endif

/* Sets the guard words. Null when the blocks are as large as the model needs, else what is wrong. */
const char *ek_arena_init(void);

/* Which guard words were overwritten since: EK_GUARD_BEFORE and _AFTER of ek_protocol.h, with the
 * first such block of several, counted from 1, << EK_GUARDED_BLOCK; or 0. */
uint8_t ek_arena_guard(void);

/* Fills every block with one byte; then, for a block, one past the last byte that is another. */
void ek_arena_paint(void);
uint32_t ek_arena_used(uint32_t block);

/* How many blocks there are; the bytes of one, and its memory as the model names it ("" for one). */
uint32_t ek_arena_count(void);
uint32_t ek_arena_bytes(uint32_t block);
const char *ek_arena_memory(uint32_t block);

#endif
