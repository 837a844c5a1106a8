/* add_tables_s8.c - operands of one shape, brought to the common scale by a table.
 *
 * What an operand contributes depends on its byte alone, so all 256 answers are computed first, for
 * each operand; then an element takes two lookups, an addition and the end all kernels share.
 *
 * scratch: two tables of 256 words, indexed by the operand's byte as unsigned, values doubled.
 */
#include "ek_dsp_tables.h"
#include "ek_kernels_dsp.h"

void ek_add_tables_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                           int8_t *output, void *scratch)
{
    ek_add_by_tables(p, a, b, output, scratch, 1);
}
