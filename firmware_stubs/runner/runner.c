/* runner.c - a model as a program for Linux and Android: inputs from a file, results as JSON lines.
 *
 *     runner INPUT [RUNS] [profile]
 *
 * INPUT holds one sample after another, each the model's inputs one after another, as raw bytes.
 * Every sample is run RUNS times (once without). Lines:
 *
 *     {"model": "vww", "hash": "...", "arena_bytes": 1, "samples": 1, "runs": 10}
 *     {"sample": 0, "ns": [1, ...], "outputs": ["<hexadecimal>", ...]}     for each sample
 *     {"step": 0, "name": "...", "operation": "...", "macs": 1, "ns": [1, ...]}    with `profile`
 *
 * Times are of CLOCK_MONOTONIC, around the model alone; those of steps come from as many runs more,
 * of the last sample. Numbers in outputs are little-endian, as they lie in memory. The status is 2
 * for a wrong command line and 1 for a file that holds no whole number of samples.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ek_model.h"

extern const ek_model_t EK_MODEL;

typedef struct {
    FILE *file;
    long samples, runs;
    int profile;
} job_t;

#ifdef EK_SPLIT /* an arena of several blocks, each allocated apart */
static ek_arena_t arena;
#define INVOKE() EK_MODEL.blocks->invoke(&arena)
#define RESET() (EK_MODEL.blocks->reset ? EK_MODEL.blocks->reset(&arena) : (void)0)
#define INPUT(i) (arena.block[EK_MODEL.blocks->input[i]] + EK_MODEL.input[i].offset)
#define OUTPUT(i) (arena.block[EK_MODEL.blocks->output[i]] + EK_MODEL.output[i].offset)
#else
static _Alignas(16) uint8_t arena[EK_ARENA_BYTES];
#define INVOKE() EK_MODEL.invoke(arena)
#define RESET() (EK_MODEL.reset ? EK_MODEL.reset(arena) : (void)0)
#define INPUT(i) (arena + EK_MODEL.input[i].offset)
#define OUTPUT(i) (arena + EK_MODEL.output[i].offset)
#endif

static int64_t *step_ns, *step_at;

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint32_t sample_bytes(void)
{
    uint32_t total = 0;
    for (int i = 0; i < EK_MODEL.inputs; i++) total += EK_MODEL.input[i].bytes;
    return total;
}

static void *allocate(long count)
{
    void *block = calloc((size_t)count, sizeof(int64_t));
    if (block != NULL) return block;
    fprintf(stderr, "runner: out of memory\n");
    exit(1);
}

#ifdef EK_SPLIT
static void make_arena(void)
{
    for (int i = 0; i < EK_MODEL.blocks->count; i++) {
        const size_t bytes = (EK_MODEL.blocks->block[i].bytes + 15u) / 16 * 16;
        arena.block[i] = aligned_alloc(16, bytes);
        if (arena.block[i] == NULL) exit(1);
        memset(arena.block[i], 0, bytes);
    }
}

static void free_arena(void)
{
    for (int i = 0; i < EK_MODEL.blocks->count; i++) free(arena.block[i]);
}
#else
static void make_arena(void) {}
static void free_arena(void) {}
#endif

/* Puts a sample's inputs in their places; the model may overwrite them, so every run does. States
 * begin anew, so that every run computes the same. */
static void set_inputs(const uint8_t *sample)
{
    RESET();
    for (int i = 0; i < EK_MODEL.inputs; i++) {
        memcpy(INPUT(i), sample, EK_MODEL.input[i].bytes);
        sample += EK_MODEL.input[i].bytes;
    }
}

static void print_times(const int64_t *ns, long count, long stride)
{
    printf("\"ns\": [");
    for (long i = 0; i < count; i++) printf("%s%" PRId64, i ? ", " : "", ns[i * stride]);
    printf("]");
}

static void print_outputs(void)
{
    printf(", \"outputs\": [");
    for (int i = 0; i < EK_MODEL.outputs; i++) {
        const uint8_t *const from = OUTPUT(i);
        printf("%s\"", i ? ", " : "");
        for (uint32_t b = 0; b < EK_MODEL.output[i].bytes; b++) printf("%02x", from[b]);
        printf("\"");
    }
    printf("]");
}

static void run_sample(long index, const uint8_t *sample, long runs, int64_t *ns)
{
    for (long i = 0; i < runs; i++) {
        set_inputs(sample);
        const int64_t begin = now();
        INVOKE();
        ns[i] = now() - begin;
    }
    printf("{\"sample\": %ld, ", index);
    print_times(ns, runs, 1);
    print_outputs();
    printf("}\n");
}

static void step_done(uint32_t step)
{
    const int64_t time = now();
    step_ns[step] = time - *step_at;
    *step_at = now(); /* the hook's own work is nobody's */
}

static void profile(const uint8_t *sample, long runs)
{
    int64_t start, *all = allocate(runs * EK_MODEL.steps + 1);
    step_at = &start;
    ek_profile_hook = step_done;
    for (long i = 0; i < runs; i++) {
        step_ns = all + i * EK_MODEL.steps;
        set_inputs(sample);
        start = now();
        INVOKE();
    }
    ek_profile_hook = NULL;
    for (int s = 0; s < EK_MODEL.steps; s++) {
        const ek_step_t *step = &EK_MODEL.step[s];
        printf("{\"step\": %d, \"name\": \"%s\", \"operation\": \"%s\", \"macs\": %" PRIu32 ", ", s,
               step->name, step->operation, step->macs);
        print_times(all + s, runs, EK_MODEL.steps);
        printf("}\n");
    }
    free(all);
}

static int run(const job_t *job)
{
    uint8_t *sample = allocate((long)sample_bytes() / 8 + 1);
    int64_t *ns = allocate(job->runs);
    printf("{\"model\": \"%s\", \"hash\": \"%s\", \"arena_bytes\": %" PRIu32
           ", \"samples\": %ld, \"runs\": %ld}\n",
           EK_MODEL.name, EK_MODEL.hash, EK_MODEL.arena_bytes, job->samples, job->runs);
    for (long i = 0; i < job->samples; i++) {
        if (fread(sample, 1, sample_bytes(), job->file) != sample_bytes()) return 1;
        run_sample(i, sample, job->runs, ns);
        fflush(stdout);
    }
    if (job->profile) profile(sample, job->runs);
    free(sample);
    free(ns);
    return 0;
}

/* Whole samples in the file, or -1. */
static long count_samples(FILE *file)
{
    if (fseek(file, 0, SEEK_END) != 0) return -1;
    const long size = ftell(file), sample = (long)sample_bytes();
    rewind(file);
    return size > 0 && size % sample == 0 ? size / sample : -1;
}

int main(int count, char **words)
{
    job_t job = {.runs = count > 2 ? strtol(words[2], NULL, 10) : 1};
    job.profile = count == 4 && strcmp(words[3], "profile") == 0;
    if (count < 2 || count > 4 || job.runs < 1 || (count == 4 && !job.profile)) {
        fprintf(stderr, "usage: runner INPUT [RUNS] [profile]\n");
        return 2;
    }
    job.file = fopen(words[1], "rb");
    job.samples = job.file ? count_samples(job.file) : -1;
    if (job.samples < 0) {
        fprintf(stderr, "runner: %s: not one or more samples of %" PRIu32 " bytes\n", words[1],
                sample_bytes());
        return 1;
    }
    make_arena();
    const int status = run(&job);
    free_arena();
    fclose(job.file);
    return status;
}
