/* decode_palette_w8.c - indices of equal width, the lowest bits first. */
#include <assert.h>

#include "ek_kernels_w8.h"
#include "ek_stored.h"

void ek_decode_palette_w8__ref(const ek_decode_palette_w8_t *p, const int8_t *values,
                               const uint16_t *words, int8_t *output)
{
    assert(p->bits >= 0 && p->bits <= 7);
    const uint16_t *const end = words + p->words;
    int8_t *const first = output;
    const int8_t *const last = output + p->bytes;
    const int32_t bits = p->bits;
    const uint32_t mask = (1u << bits) - 1;
    uint32_t held = 0;
    int32_t count = 0; /* bits of `held` that are read and not used */
    while (output < last) {
        if (count < bits && words < end) {
            held |= (uint32_t)*words++ << count;
            count += 16;
        }
        *output++ = values[held & mask];
        held >>= bits;
        count -= bits;
    }
    if (p->lanes) ek_join_lanes(first, p->bytes);
}
