/* packed_main.c - runs kernels on prepared cases: packed weights, inputs and the expected outputs.
 *
 * A file of int32 words holds the cases, prepared by a test:
 *
 *     count, then for each case: function, instructions (written here), arguments,
 *     then for each argument: offset in the file, bytes, and for the output the offset of what is
 *     expected (0 for others)
 *
 * An output lies between GUARD bytes that are compared too. In QEMU the file is at EK_CASES, put
 * there before the start, and arguments are used where they lie. On a host it is argv[1], and every
 * argument gets a block of its own and exact size, so that a sanitizer sees each byte too far.
 * `packed_kernels`, a table of the kernels by number, comes from a generated file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packed.h"

enum { GUARD = 32, MOST = 10 };

typedef struct {
    int32_t offset, bytes, expected;
} argument_t;

static uint32_t checksum = 2166136261u;

#if defined(EK_CASES)

static uint8_t *load_cases(int count, char **words)
{
    (void)count;
    (void)words;
    return (uint8_t *)(uintptr_t)EK_CASES;
}

static uint8_t *take(uint8_t *data, argument_t a) { return data + a.offset; }

static void give(uint8_t *data, argument_t a, uint8_t *block)
{
    (void)data;
    (void)a;
    (void)block;
}

static void unload(uint8_t *data) { (void)data; }

#if defined(EK_COUNTER)
static uint32_t ticks(void) { return *(const volatile uint32_t *)(uintptr_t)EK_COUNTER; }
#else
static uint32_t ticks(void) { return 0; }
#endif

#else

static uint8_t *load_cases(int count, char **words)
{
    FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;
    if (file == NULL) exit(2);
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc((size_t)size);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) exit(2);
    fclose(file);
    return data;
}

static uint8_t *take(uint8_t *data, argument_t a)
{
    uint8_t *block = malloc((size_t)a.bytes);
    if (block == NULL) exit(2);
    return memcpy(block, data + a.offset, (size_t)a.bytes);
}

static void give(uint8_t *data, argument_t a, uint8_t *block)
{
    memcpy(data + a.offset, block, (size_t)a.bytes);
    free(block);
}

static void unload(uint8_t *data) { free(data); }

static uint32_t ticks(void) { return 0; }

#endif

static void invoke(packed_kernel_t f, uint8_t **a, int32_t count)
{
    switch (count) {
    case 3: f(a[0], a[1], a[2]); break;
    case 4: f(a[0], a[1], a[2], a[3]); break;
    case 5: f(a[0], a[1], a[2], a[3], a[4]); break;
    case 6: f(a[0], a[1], a[2], a[3], a[4], a[5]); break;
    case 7: f(a[0], a[1], a[2], a[3], a[4], a[5], a[6]); break;
    case 8: f(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]); break;
    case 9: f(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]); break;
    default: exit(2);
    }
}

/* The first byte that is wrong in or around an output, or -1. */
static int32_t compare(const uint8_t *data, argument_t a)
{
    const uint8_t *found = data + a.offset, *expected = data + a.expected;
    for (int32_t i = 0; i < a.bytes; i++) checksum = (checksum ^ found[i]) * 16777619u;
    for (int32_t i = -GUARD; i < a.bytes + GUARD; i++) {
        if (found[i] != (i < 0 || i >= a.bytes ? 0xa5 : expected[i])) return i;
    }
    return -1;
}

static int run_case(uint8_t *data, int32_t number, int32_t *words)
{
    const int32_t count = words[2];
    argument_t arguments[MOST];
    uint8_t *blocks[MOST];
    memcpy(arguments, words + 3, (size_t)count * sizeof arguments[0]);
    for (int32_t i = 0; i < count; i++) blocks[i] = take(data, arguments[i]);
    const uint32_t before = ticks();
    invoke(packed_kernels[words[0]].run, blocks, count);
    words[1] = (int32_t)(ticks() - before);
    int failed = 0;
    for (int32_t i = 0; i < count; i++) {
        give(data, arguments[i], blocks[i]);
        if (!arguments[i].expected) continue;
        const int32_t at = compare(data, arguments[i]);
        if (at == -1) continue;
        printf("FAILED: case %ld, %s, byte %ld of %ld\n", (long)number,
               packed_kernels[words[0]].name, (long)at, (long)arguments[i].bytes);
        failed = 1;
    }
    return failed;
}

int main(int argument_count, char **argument_words)
{
    uint8_t *data = load_cases(argument_count, argument_words);
    int32_t *words = (int32_t *)(void *)data;
    const int32_t cases = *words++;
    int32_t failures = 0;
    for (int32_t i = 0; i < cases; i++) {
        failures += run_case(data, i, words);
#if defined(EK_COUNT)
        printf("%s %ld\n", packed_kernels[words[0]].name, (long)words[1]);
#endif
        words += 3 + 3 * words[2];
    }
    unload(data);
    printf("%ld cases, %ld failures\nchecksum %08lx\n", (long)cases, (long)failures,
           (unsigned long)checksum);
    return failures != 0;
}
