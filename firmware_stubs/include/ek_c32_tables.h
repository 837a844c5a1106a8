/* ek_c32_tables.h - sums of operands of one shape: what an operand contributes depends on its byte
 * alone, so all 256 answers are computed first, for each operand; then an element takes two lookups,
 * an addition and the end all kernels share.
 *
 * scratch: two tables of 256 words, indexed by the operand's byte as unsigned, values as they are.
 */
#ifndef EK_C32_TABLES_H
#define EK_C32_TABLES_H

#include <assert.h>

#include "ek_c32.h"
#include "ek_requant.h"

static inline void ek_c32_fill_table(int32_t table[256], int32_t zero, int32_t left_shift,
                                     ek_requant_t q)
{
    for (int32_t value = INT8_MIN; value <= INT8_MAX; value++) {
        const int32_t shifted = ek_wrapping_shift_left(value - zero, left_shift);
        table[(uint8_t)value] = ek_requant(shifted, q);
    }
}

/* How a sum becomes int8, for output factors below 1/2. */
static inline ek_c32_finish_t ek_c32_finish_of(ek_requant_t q, int32_t zero)
{
    const int32_t right = -q.shift;
    assert(right >= 1 && right <= 22);
    return (ek_c32_finish_t){
        0, q.multiplier, (INT32_C(1) << right) / 2 + (int32_t)((uint32_t)zero << right), right};
}

/* `sign` is 1 for sums, -1 for differences. */
static inline void ek_c32_add_by_tables(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                                        int8_t *output, void *scratch, int32_t sign)
{
    int32_t *const table_a = scratch, *const table_b = table_a + 256;
    const int32_t count = p->extent[0] * p->extent[1] * p->extent[2] * p->extent[3];
    const ek_c32_finish_t finish = ek_c32_finish_of(p->output_q, p->output_zero);
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    ek_c32_fill_table(table_a, p->a_zero, p->left_shift, p->a_q);
    ek_c32_fill_table(table_b, p->b_zero, p->left_shift, p->b_q);
    for (int32_t i = 0; i < count; i++) {
        output[i] = ek_c32_output(table_a[x[i]] + sign * table_b[y[i]], finish);
    }
    ek_c32_clamp(output, count, p->act_min, p->act_max);
}

#endif
