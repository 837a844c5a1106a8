/* add_tables_s8.c - operands of one shape, brought to the common scale by a table.
 *
 * What an operand contributes depends on its byte alone, so all 256 answers are computed first, for
 * each operand; then an element takes two lookups, an addition and the end all kernels share.
 *
 * scratch: two tables of 256 words, indexed by the operand's byte as unsigned, values as they are.
 */
#include <assert.h>

#include "ek_c32.h"
#include "ek_kernels_c32.h"
#include "ek_requant.h"

static void fill_table(int32_t table[256], int32_t zero, int32_t left_shift, ek_requant_t q)
{
    for (int32_t value = INT8_MIN; value <= INT8_MAX; value++) {
        const int32_t shifted = ek_wrapping_shift_left(value - zero, left_shift);
        table[(uint8_t)value] = ek_requant(shifted, q);
    }
}

void ek_add_tables_s8__c32(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                           int8_t *output, void *scratch)
{
    int32_t *const table_a = scratch, *const table_b = table_a + 256;
    const int32_t count = p->extent[0] * p->extent[1] * p->extent[2] * p->extent[3];
    const int32_t right = -p->output_q.shift;
    const int32_t addend = (1 << right) / 2 + (int32_t)((uint32_t)p->output_zero << right);
    const ek_c32_finish_t finish = {0, p->output_q.multiplier, addend, right};
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    assert(right >= 1 && right <= 22);
    fill_table(table_a, p->a_zero, p->left_shift, p->a_q);
    fill_table(table_b, p->b_zero, p->left_shift, p->b_q);
    for (int32_t i = 0; i < count; i++) {
        output[i] = ek_c32_output(table_a[x[i]] + table_b[y[i]], finish);
    }
    ek_c32_clamp(output, count, p->act_min, p->act_max);
}
