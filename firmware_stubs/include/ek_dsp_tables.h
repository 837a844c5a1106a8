/* ek_dsp_tables.h - what an operand of an addition contributes depends on its byte alone: a table. */
#ifndef EK_DSP_TABLES_H
#define EK_DSP_TABLES_H

#include <assert.h>

#include "ek_dsp.h"
#include "ek_requant.h"

/* Twice an operand at the common scale, by its byte as unsigned. */
static inline void ek_fill_table(int32_t table[256], int32_t zero, int32_t left_shift,
                                 ek_requant_t q)
{
    for (int32_t value = INT8_MIN; value <= INT8_MAX; value++) {
        const int32_t shifted = ek_wrapping_shift_left(value - zero, left_shift);
        table[(uint8_t)value] = 2 * ek_requant(shifted, q);
    }
}

/* How a doubled sum becomes int8, for output factors below 1/2. */
static inline ek_finish_t ek_finish_of(ek_requant_t q, int32_t zero)
{
    const int32_t right = -q.shift;
    assert(right >= 1 && right <= 22);
    return (ek_finish_t){q.multiplier, (1 << right) / 2 + zero * (1 << right), right};
}

/* Elementwise sums of two operands of one shape; `sign` is 1, or -1 for differences. */
EK_INLINE void ek_add_by_tables(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                                int8_t *output, void *scratch, int32_t sign)
{
    int32_t *const table_a = scratch, *const table_b = table_a + 256;
    const int32_t count = p->extent[0] * p->extent[1] * p->extent[2] * p->extent[3];
    const ek_finish_t finish = ek_finish_of(p->output_q, p->output_zero);
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    int8_t *z = output;
    ek_fill_table(table_a, p->a_zero, p->left_shift, p->a_q);
    ek_fill_table(table_b, p->b_zero, p->left_shift, p->b_q);
    for (int32_t four = count >> 2; four > 0; four--, x += 4, y += 4, z += 4) {
        for (int32_t i = 0; i < 4; i++) {
            const int32_t sum = table_a[x[i]] + sign * table_b[y[i]];
            z[i] = (int8_t)ek_finish(sum, finish, EK_AWAY_FROM_ZERO);
        }
    }
    for (int32_t i = 0; i < (count & 3); i++) {
        const int32_t sum = table_a[x[i]] + sign * table_b[y[i]];
        z[i] = (int8_t)ek_finish(sum, finish, EK_AWAY_FROM_ZERO);
    }
    ek_clamp_s8__dsp(output, count, p->act_min, p->act_max);
}

#endif
