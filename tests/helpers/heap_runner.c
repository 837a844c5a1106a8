/* heap_runner.c - a model whose arena lies on the heap, block by block, so that the address sanitizer
 * sees an access that leaves its block. Samples from the file named on the command line, outputs raw
 * on standard output; states begin anew with every sample.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ek_model.h"

extern const ek_model_t EK_MODEL;

#ifdef EK_SPLIT
static ek_arena_t arena;
#define INVOKE() EK_MODEL.blocks->invoke(&arena)
#define RESET() (EK_MODEL.blocks->reset ? EK_MODEL.blocks->reset(&arena) : (void)0)
#define INPUT(i) (arena.block[EK_MODEL.blocks->input[i]] + EK_MODEL.input[i].offset)
#define OUTPUT(i) (arena.block[EK_MODEL.blocks->output[i]] + EK_MODEL.output[i].offset)
#else
static uint8_t *arena;
#define INVOKE() EK_MODEL.invoke(arena)
#define RESET() (EK_MODEL.reset ? EK_MODEL.reset(arena) : (void)0)
#define INPUT(i) (arena + EK_MODEL.input[i].offset)
#define OUTPUT(i) (arena + EK_MODEL.output[i].offset)
#endif

static uint8_t *block(uint32_t bytes)
{
    const size_t whole = (bytes + 15u) / 16 * 16;
    uint8_t *const made = aligned_alloc(16, whole ? whole : 16);
    if (made == NULL) exit(1);
    memset(made, 0, whole);
    return made;
}

static void make_arena(void)
{
#ifdef EK_SPLIT
    for (uint32_t i = 0; i < EK_MODEL.blocks->count; i++)
        arena.block[i] = block(EK_MODEL.blocks->block[i].bytes);
#else
    arena = block(EK_MODEL.arena_bytes);
#endif
}

static void free_arena(void)
{
#ifdef EK_SPLIT
    for (uint32_t i = 0; i < EK_MODEL.blocks->count; i++) free(arena.block[i]);
#else
    free(arena);
#endif
}

/* Whether there was a sample. */
static int read_inputs(FILE *file)
{
    RESET();
    for (uint32_t i = 0; i < EK_MODEL.inputs; i++)
        if (fread(INPUT(i), 1, EK_MODEL.input[i].bytes, file) != EK_MODEL.input[i].bytes) return 0;
    return 1;
}

int main(int count, char **words)
{
    FILE *const file = count == 2 ? fopen(words[1], "rb") : NULL;
    if (file == NULL) return 2;
    make_arena();
    while (read_inputs(file)) {
        INVOKE();
        for (uint32_t i = 0; i < EK_MODEL.outputs; i++)
            fwrite(OUTPUT(i), 1, EK_MODEL.output[i].bytes, stdout);
    }
    free_arena();
    fclose(file);
    return 0;
}
