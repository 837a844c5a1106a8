/* fuzz_pool.c - buffers of exact size with red zones around them, comparison and checksum. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(start, bytes) __asan_poison_memory_region(start, bytes)
#define UNPOISON(start, bytes) __asan_unpoison_memory_region(start, bytes)
#else
#define POISON(start, bytes) ((void)(start), (void)(bytes))
#define UNPOISON(start, bytes) ((void)(start), (void)(bytes))
#endif

enum { POOL_BYTES = 8192, BLOCKS = 16, ALIGN = 16, CANARY = 0xa5 };

static uint8_t pool[POOL_BYTES] __attribute__((aligned(ALIGN)));
static struct {
    int32_t start, end;
} blocks[BLOCKS];
static int32_t used, block_count;
static uint32_t checksum = 2166136261u;
static int failures;

static void fail(const char *what, int32_t at)
{
    if (failures++ < 5) printf("FAILED: %s at byte %ld\n", what, (long)at);
}

void *fuzz_alloc(int32_t bytes)
{
    if (used == 0) {
        memset(pool, CANARY, sizeof pool);
        POISON(pool, sizeof pool);
    }
    const int32_t start = (used + 2 * ALIGN - 1) / ALIGN * ALIGN; /* at least ALIGN bytes apart */
    if (start + bytes + ALIGN > POOL_BYTES || block_count == BLOCKS) {
        printf("FAILED: the pool is too small\n");
        return NULL;
    }
    blocks[block_count].start = start;
    blocks[block_count++].end = used = start + bytes;
    UNPOISON(pool + start, (size_t)bytes);
    return pool + start;
}

int8_t *fuzz_s8(int32_t count)
{
    int8_t *data = fuzz_alloc(count);
    fuzz_fill(data, count);
    return data;
}

void fuzz_end_case(void)
{
    UNPOISON(pool, sizeof pool);
    int32_t at = 0;
    for (int32_t b = 0; b < block_count; b++) {
        for (; at < blocks[b].start; at++) {
            if (pool[at] != CANARY) fail("write outside a buffer", at);
        }
        at = blocks[b].end;
    }
    for (; at < POOL_BYTES && block_count > 0; at++) {
        if (pool[at] != CANARY) fail("write behind the last buffer", at);
    }
    used = block_count = 0;
}

void fuzz_compare(const void *found, const void *expected, int32_t bytes)
{
    const uint8_t *f = found, *e = expected;
    for (int32_t i = 0; i < bytes; i++) {
        if (f[i] != e[i]) fail("kernel and naive version differ", i);
        checksum = (checksum ^ f[i]) * 16777619u; /* FNV-1a */
    }
}

uint32_t fuzz_checksum(void) { return checksum; }

int fuzz_failures(void) { return failures; }
