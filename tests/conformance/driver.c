/* driver.c - runs every model of CASES on samples from the file "samples.bin" and compares.
 *
 * The file holds, per model and sample, all inputs one after another and then all expected
 * outputs. One line per model that differs, one at the end with the totals. The same program
 * runs on the host, under sanitizers, and in QEMU, where the file comes through semihosting.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"

enum { GUARD = 64, POISON = 0xC3 };

static _Alignas(16) uint8_t sample[EK_CASE_BYTES];

static int read_all(FILE *file, uint32_t bytes)
{
    return fread(sample, 1, bytes, file) == bytes;
}

static int count(const ek_model_t *model) { return model->blocks ? model->blocks->count : 1; }

static uint32_t size(const ek_model_t *model, int block)
{
    return model->blocks ? model->blocks->block[block].bytes : model->arena_bytes;
}

static int load_inputs(const ek_model_t *model, FILE *file, const ek_arena_t *arena)
{
    for (int i = 0; i < model->inputs; i++) {
        uint8_t *const block = arena->block[model->blocks ? model->blocks->input[i] : 0];
        if (!read_all(file, model->input[i].bytes)) return 0;
        memcpy(block + model->input[i].offset, sample, model->input[i].bytes);
    }
    return 1;
}

static void invoke(const ek_model_t *model, const ek_arena_t *arena)
{
    if (model->blocks) model->blocks->invoke(arena);
    else model->invoke(arena->block[0]);
}

static int stateful(const ek_model_t *model)
{
    return model->reset || (model->blocks && model->blocks->reset);
}

static void reset(const ek_model_t *model, const ek_arena_t *arena)
{
    if (model->reset) model->reset(arena->block[0]);
    else if (stateful(model)) model->blocks->reset(arena);
}

/* The first byte that differs from the sample, or -1. */
static long differs(const uint8_t *found, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++)
        if (found[at] != sample[at]) return (long)at;
    return -1;
}

/* The same for floats that may be off by a part of the largest of them. */
static long floats_differ(const float *found, uint32_t bytes, ek_case_close_t close)
{
    const float *const expected = (const float *)(const void *)sample;
    float largest = 1e-3f;
    for (uint32_t i = 0; i < bytes / 4; i++)
        if (fabsf(expected[i]) > largest) largest = fabsf(expected[i]);
    for (uint32_t i = 0; i < bytes / 4; i++)
        if (!(fabsf(found[i] - expected[i]) <= fmaxf(close.part * largest, close.floor)))
            return (long)(4 * i);
    return -1;
}

/* The first output byte that differs, or -1; -2 when the file ends. */
static long compare(const ek_model_t *model, FILE *file, const ek_arena_t *arena,
                    ek_case_close_t close, int *output)
{
    long where = -1;
    for (int i = 0; i < model->outputs; i++) {
        const ek_tensor_t *const port = &model->output[i];
        const int block = model->blocks ? model->blocks->output[i] : 0;
        const uint8_t *const found = arena->block[block] + port->offset;
        const int rounded = port->dtype == EK_F32 && close.part > 0;
        if (!read_all(file, port->bytes)) return -2;
        if (where >= 0) continue;
        where = rounded ? floats_differ((const float *)(const void *)found, port->bytes, close)
                        : differs(found, port->bytes);
        *output = i;
    }
    return where;
}

static int intact(const uint8_t *guard)
{
    for (int i = 0; i < GUARD; i++)
        if (guard[i] != POISON) return 0;
    return 1;
}

static void fill(const ek_model_t *model, ek_arena_t *arena, int number)
{
    for (int i = 0; i < count(model); i++)
        memset(arena->block[i], number % 2 ? 0x5A : 0xFF, size(model, i));
}

static int run_sample(int index, FILE *file, int number, long *where, int *output)
{
    const ek_model_t *const model = ek_case_models[index];
    const int states = stateful(model);
    static ek_arena_t arena;
    if (!number || !states) {
        for (int i = 0; i < count(model); i++) arena.block[i] = ek_case_block(i, size(model, i));
        fill(model, &arena, number);
    }
    if (!number) reset(model, &arena);
    for (int i = 0; i <= count(model); i++) memset(ek_case_guard(i), POISON, GUARD);
    if (!load_inputs(model, file, &arena)) return 0;
    invoke(model, &arena);
    *where = compare(model, file, &arena, ek_case_close[index], output);
    for (int i = 0; i <= count(model); i++)
        if (!intact(ek_case_guard(i)))
            printf("%s: sample %d: bytes outside the arena changed\n", model->name, number);
    if (!states || number == EK_CASE_SAMPLES - 1) ek_case_done();
    return *where != -2;
}

/* 1: all equal; 0: something differs, which is printed; -1: the file is short. */
static int run_model(int index, FILE *file)
{
    const ek_model_t *const model = ek_case_models[index];
    int equal = 1;
    for (int number = 0; number < EK_CASE_SAMPLES; number++) {
        long where = -1;
        int output = 0;
        if (!run_sample(index, file, number, &where, &output)) return -1;
        if (where < 0) continue;
        if (equal)
            printf("%s: sample %d: output %d (%s) differs at byte %ld\n", model->name, number,
                   output, model->output[output].name, where);
        equal = 0;
    }
    return equal;
}

int main(void)
{
    FILE *const file = fopen("samples.bin", "rb");
    int equal = 0;
    if (!file) {
        perror("samples.bin");
        return 2;
    }
    for (int i = 0; i < EK_CASES; i++) {
        const int result = run_model(i, file);
        if (result < 0) {
            printf("samples.bin ends in model %d\n", i);
            return 2;
        }
        equal += result;
    }
    printf("%d of %d models equal\n", equal, EK_CASES);
    return equal != EK_CASES;
}
