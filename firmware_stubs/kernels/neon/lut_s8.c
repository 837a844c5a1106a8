/* lut_s8.c - 16 lookups at once in a table of 256 that stays in sixteen registers.
 *
 * TBL answers for 64 entries and gives 0 beyond them, TBX then leaves what is there: four of them
 * with indices lowered by 64 in between cover the table.
 */
#include <assert.h>

#include "ek_neon.h"

typedef struct {
    uint8x16x4_t quarter[4];
} table_t;

static inline uint8x16_t look_up(const table_t *t, uint8x16_t x)
{
    const uint8x16_t step = vdupq_n_u8(64);
    uint8x16_t index = veorq_u8(x, vdupq_n_u8(0x80)); /* x + 128 */
    uint8x16_t y = vqtbl4q_u8(t->quarter[0], index);
    for (int i = 1; i < 4; i++) {
        index = vsubq_u8(index, step);
        y = vqtbx4q_u8(y, t->quarter[i], index);
    }
    return y;
}

void ek_lut_s8__neon(int32_t count, const int8_t table[256], const int8_t *input, int8_t *output)
{
    const uint8_t *entries = (const uint8_t *)table, *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output, rest[16] = {0};
    table_t t;
    assert(count >= 0);
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) t.quarter[i].val[j] = vld1q_u8(entries + 64 * i + 16 * j);
    }
    int32_t i = 0;
    for (; i + 16 <= count; i += 16) vst1q_u8(to + i, look_up(&t, vld1q_u8(from + i)));
    memcpy(rest, from + i, (size_t)(count - i));
    vst1q_u8(rest, look_up(&t, vld1q_u8(rest)));
    memcpy(to + i, rest, (size_t)(count - i));
}
