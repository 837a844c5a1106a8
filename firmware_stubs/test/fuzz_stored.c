/* fuzz_stored.c - decoders of stored weights on whole and on damaged streams. */
#include <string.h>

#include "ek_kernels_w8.h"
#include "fuzz.h"

static uint16_t *random_words(int32_t count)
{
    uint16_t *words = fuzz_alloc(2 * count);
    for (int32_t i = 0; i < count; i++) words[i] = (uint16_t)fuzz_int(0, 65535);
    return words;
}

/* Slots of `count` values: whole tables leave none over, damaged ones have too few or too many. */
static uint16_t *random_slots(int32_t count, int32_t bits)
{
    uint16_t *slots = fuzz_alloc(2 * count);
    const int whole = fuzz_int(0, 2) != 0;
    int32_t left = 1 << bits;
    for (int32_t v = 0; v < count; v++) {
        const int32_t most = whole ? left - (count - 1 - v) : 3 * left / (count - v);
        slots[v] = (uint16_t)(whole && v == count - 1 ? left : fuzz_int(1, most < 1 ? 1 : most));
        left -= slots[v];
        if (left < 1) left = 1;
    }
    return slots;
}

/* The value of a slot by counting; the first one's for slots that are nobody's. */
static int32_t owner(const uint16_t *counts, int32_t values, uint32_t slot, uint32_t *start)
{
    uint32_t passed = 0;
    for (int32_t v = 0; v < values; v++) {
        if (slot < passed + counts[v]) {
            *start = passed;
            return v;
        }
        passed += counts[v];
    }
    *start = 0;
    return 0;
}

/* Every two bytes as one number of 16 bits. */
static void join_lanes(int8_t *bytes, int32_t count)
{
    for (int32_t i = 0; i + 1 < count; i += 2) {
        const uint16_t both = (uint16_t)(256 * bytes[i + 1] + bytes[i]);
        bytes[i] = (int8_t)(both & 255);
        bytes[i + 1] = (int8_t)(both >> 8);
    }
}

void fuzz_decode_rans(void)
{
    ek_decode_rans_w8_t p;
    p.bytes = fuzz_int(0, 60);
    p.words = fuzz_int(2, 40);
    p.values = fuzz_int(1, 40);
    p.bits = fuzz_int(8, 12);
    p.lanes = fuzz_int(0, 1);
    const uint16_t *words = random_words(p.words), *counts = random_slots(p.values, p.bits);
    int8_t *values = fuzz_alloc(p.values);
    const int32_t first = fuzz_int(-128, 127);
    for (int32_t v = 0; v < p.values; v++) values[v] = (int8_t)(first + 3 * v);
    int8_t *found = fuzz_alloc(p.bytes), *expected = fuzz_alloc(p.bytes);
    void *scratch = fuzz_alloc(4 * EK_RANS_ENTRIES + (1 << p.bits));
    ek_decode_rans_w8__ref(&p, values, counts, words, found, scratch);
    uint32_t x = words[0] * 65536u + words[1], start;
    int32_t at = 2;
    for (int32_t i = 0; i < p.bytes; i++) {
        const uint32_t slots = 1u << p.bits, slot = x % slots;
        const int32_t v = owner(counts, p.values, slot, &start);
        expected[i] = values[v];
        x = counts[v] * (x / slots) + slot - start;
        if (x / 65536u == 0 && at < p.words) x = x * 65536u + words[at++];
    }
    if (p.lanes) join_lanes(expected, p.bytes);
    fuzz_compare(found, expected, p.bytes);
}

void fuzz_decode_palette(void)
{
    ek_decode_palette_w8_t p;
    p.bytes = fuzz_int(0, 60);
    p.bits = fuzz_int(0, 7);
    p.lanes = fuzz_int(0, 1);
    const int32_t whole = (p.bytes * p.bits + 15) / 16;
    p.words = fuzz_int(0, 3) ? whole : fuzz_int(0, whole);
    const uint16_t *words = random_words(p.words);
    const int8_t *values = fuzz_s8(1 << p.bits);
    int8_t *found = fuzz_alloc(p.bytes), *expected = fuzz_alloc(p.bytes);
    ek_decode_palette_w8__ref(&p, values, words, found);
    for (int32_t i = 0; i < p.bytes; i++) {
        int32_t index = 0;
        for (int32_t bit = 0; bit < p.bits; bit++) {
            const int32_t at = i * p.bits + bit;
            if (at / 16 < p.words && words[at / 16] >> at % 16 & 1) index |= 1 << bit;
        }
        expected[i] = values[index];
    }
    if (p.lanes) join_lanes(expected, p.bytes);
    fuzz_compare(found, expected, p.bytes);
}

/* 2^n, exactly. */
static float power(int32_t n)
{
    float value = 1.0f;
    for (; n > 0; n--) value *= 2.0f;
    for (; n < 0; n++) value *= 0.5f;
    return value;
}

void fuzz_decode_half(void)
{
    ek_decode_half_w8_t p;
    p.words = fuzz_int(0, 20);
    p.bytes = fuzz_int(0, 3) ? 4 * p.words : fuzz_int(0, 80);
    uint16_t *words = random_words(p.words);
    int8_t *found = fuzz_alloc(p.bytes), *expected = fuzz_alloc(p.bytes);
    for (int32_t i = 0; i < p.words; i++) {
        if (fuzz_int(0, 3) == 0) words[i] &= 0x83ff; /* the smallest ones */
        if ((words[i] >> 10 & 31) == 31) words[i] ^= 0x4000;
    }
    ek_decode_half_w8__ref(&p, words, found);
    memset(expected, 0, (size_t)p.bytes);
    for (int32_t i = 0; i < p.words && 4 * i + 4 <= p.bytes; i++) {
        const int32_t exponent = words[i] >> 10 & 31, digits = words[i] & 1023;
        const int32_t whole = exponent ? 1024 + digits : digits;
        float value = (float)whole * power((exponent ? exponent : 1) - 25);
        if (words[i] >> 15) value = -value;
        memcpy(expected + 4 * i, &value, sizeof value);
    }
    fuzz_compare(found, expected, p.bytes);
}
