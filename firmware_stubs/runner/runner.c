/* runner.c - a model as a program for Linux and Android.
 *
 *     runner serve                        the device protocol (ek_protocol.h) on stdin and stdout
 *     runner INPUT [RUNS] [profile]       inputs from a file, results as JSON lines
 *     runner starts COUNT INPUT           fresh processes of it, each timed from its start (starts.h)
 *
 * INPUT holds one sample after another, each the model's inputs one after another, as raw bytes.
 * Every sample is run RUNS times (once without). Lines:
 *
 *     {"model": "vww", "hash": "...", "arena_bytes": 1, "samples": 1, "runs": 10, "entered_ns": 1}
 *     {"sample": 0, "ready_ns": 1, "ns": [1, ...], "outputs": ["<hexadecimal>", ...]}    for each
 *     {"step": 0, "name": "...", "operation": "...", "macs": 1, "ns": [1, ...]}    with `profile`
 *
 * Times are of the steady clock, around the model alone; those of steps come from as many runs more,
 * of the last sample. `entered_ns` is when main began and `ready_ns` when the sample's first run did,
 * on the clock that all processes of the machine share. Numbers in outputs are little-endian, as they lie in memory. The status is 2
 * for a wrong command line and 1 for a file that holds no whole number of samples.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ek_app.h"
#include "ek_arena.h"
#include "ek_model.h"
#include "ek_port.h"
#include "starts.h"

typedef struct {
    FILE *file;
    uint64_t entered;
    long samples, runs;
    int profile;
} job_t;

static uint64_t *step_ns, step_at;

static uint32_t sample_bytes(void)
{
    uint32_t total = 0;
    for (int i = 0; i < EK_MODEL.inputs; i++) total += EK_MODEL.input[i].bytes;
    return total;
}

static void *allocate(long count)
{
    void *block = calloc((size_t)count, sizeof(uint64_t));
    if (block != NULL) return block;
    fprintf(stderr, "runner: out of memory\n");
    exit(1);
}

/* Puts a sample's inputs in their places; the model may overwrite them, so every run does. States
 * begin anew, so that every run computes the same. */
static void set_inputs(const uint8_t *sample)
{
    if (EK_RESET) EK_RESET(EK_ARENA);
    for (uint32_t i = 0; i < EK_MODEL.inputs; i++) {
        memcpy(ek_arena_input(i), sample, EK_MODEL.input[i].bytes);
        sample += EK_MODEL.input[i].bytes;
    }
}

static void print_times(const uint64_t *ns, long count, long stride)
{
    printf("\"ns\": [");
    for (long i = 0; i < count; i++) printf("%s%" PRIu64, i ? ", " : "", ns[i * stride]);
    printf("]");
}

static void print_outputs(void)
{
    printf(", \"outputs\": [");
    for (uint32_t i = 0; i < EK_MODEL.outputs; i++) {
        const uint8_t *const from = ek_arena_output(i);
        printf("%s\"", i ? ", " : "");
        for (uint32_t b = 0; b < EK_MODEL.output[i].bytes; b++) printf("%02x", from[b]);
        printf("\"");
    }
    printf("]");
}

static void run_sample(long index, const uint8_t *sample, long runs, uint64_t *ns)
{
    uint64_t ready = 0;
    for (long i = 0; i < runs; i++) {
        set_inputs(sample);
        const uint64_t begin = ek_port_cycles();
        EK_INVOKE(EK_ARENA);
        ns[i] = ek_port_cycles() - begin;
        if (i == 0) ready = begin;
    }
    printf("{\"sample\": %ld, \"ready_ns\": %" PRIu64 ", ", index, ready);
    print_times(ns, runs, 1);
    print_outputs();
    printf("}\n");
}

/* A step in stripes comes once a stripe. */
static void step_done(uint32_t step)
{
    step_ns[step] += ek_port_cycles() - step_at;
    step_at = ek_port_cycles(); /* the hook's own work is nobody's */
}

static void profile(const uint8_t *sample, long runs)
{
    uint64_t *all = allocate(runs * EK_MODEL.steps + 1);
    ek_profile_hook = step_done;
    for (long i = 0; i < runs; i++) {
        step_ns = all + i * EK_MODEL.steps;
        set_inputs(sample);
        step_at = ek_port_cycles();
        EK_INVOKE(EK_ARENA);
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
    uint64_t *ns = allocate(job->runs);
    printf("{\"model\": \"%s\", \"hash\": \"%s\", \"arena_bytes\": %" PRIu32
           ", \"samples\": %ld, \"runs\": %ld, \"entered_ns\": %" PRIu64 "}\n",
           EK_MODEL.name, EK_MODEL.hash, EK_MODEL.arena_bytes, job->samples, job->runs,
           job->entered);
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

static int usage(void)
{
    fprintf(stderr,
            "usage: runner serve | runner INPUT [RUNS] [profile] | runner starts COUNT INPUT\n");
    return 2;
}

static int run_file(int count, char **words, uint64_t entered)
{
    job_t job = {.entered = entered, .runs = count > 2 ? strtol(words[2], NULL, 10) : 1};
    job.profile = count == 4 && strcmp(words[3], "profile") == 0;
    if (count < 2 || count > 4 || job.runs < 1 || (count == 4 && !job.profile)) return usage();
    job.file = fopen(words[1], "rb");
    job.samples = job.file ? count_samples(job.file) : -1;
    if (job.samples < 0) {
        fprintf(stderr, "runner: %s: not one or more samples of %" PRIu32 " bytes\n", words[1],
                sample_bytes());
        return 1;
    }
    const int status = run(&job);
    fclose(job.file);
    return status;
}

int main(int count, char **words)
{
    const uint64_t entered = ek_port_cycles();
    ek_port_init();
    if (count == 2 && strcmp(words[1], "serve") == 0) {
        ek_app_serve();
        return 0;
    }
    if (count != 4 || strcmp(words[1], "starts") != 0) return run_file(count, words, entered);
    const long starts = strtol(words[2], NULL, 10);
    return starts > 0 ? run_starts(words[0], starts, words[3]) : usage();
}
