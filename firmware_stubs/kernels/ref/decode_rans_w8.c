/* decode_rans_w8.c - a table says which byte a slot stands for, another where its slots are. */
#include <assert.h>

#include "ek_kernels_w8.h"
#include "ek_stored.h"

/* Slots that counts leave over are those of the first value: a whole table leaves none. */
static void lay_out(const ek_decode_rans_w8_t *p, const int8_t *values, const uint16_t *counts,
                    uint32_t *entries, uint8_t *slots)
{
    const int32_t all = INT32_C(1) << p->bits;
    int32_t slot = 0;
    for (int32_t v = 0; v < p->values; v++) {
        const uint8_t value = (uint8_t)values[v];
        const int32_t end = counts[v] < all - slot ? slot + counts[v] : all;
        entries[value] = (uint32_t)slot << 16 | counts[v];
        while (slot < end) slots[slot++] = value;
    }
    while (slot < all) slots[slot++] = (uint8_t)values[0];
}

void ek_decode_rans_w8__ref(const ek_decode_rans_w8_t *p, const int8_t *values,
                            const uint16_t *counts, const uint16_t *words, int8_t *output,
                            void *scratch)
{
    assert(p->values > 0 && p->words >= 2 && p->bits >= 8 && p->bits <= 12);
    uint32_t *const entries = scratch;
    uint8_t *const slots = (uint8_t *)(entries + EK_RANS_ENTRIES);
    lay_out(p, values, counts, entries, slots);

    const uint16_t *const end = words + p->words;
    int8_t *const first = output;
    const int8_t *const last = output + p->bytes;
    const uint32_t bits = (uint32_t)p->bits, mask = (1u << bits) - 1;
    uint32_t x = (uint32_t)words[0] << 16 | words[1];
    words += 2;
    while (output < last) {
        const uint32_t slot = x & mask;
        const uint8_t value = slots[slot];
        const uint32_t entry = entries[value];
        *output++ = (int8_t)value;
        x = (entry & 0xffff) * (x >> bits) + (slot - (entry >> 16));
        if (x < 0x10000 && words < end) x = x << 16 | *words++;
    }
    if (p->lanes) ek_join_lanes(first, p->bytes);
}
