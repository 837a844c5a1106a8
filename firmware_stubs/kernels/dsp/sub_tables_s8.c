/* sub_tables_s8.c - as add_tables_s8.c, with the second operand taken away. */
#include "ek_dsp_tables.h"
#include "ek_kernels_dsp.h"

void ek_sub_tables_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                           int8_t *output, void *scratch)
{
    ek_add_by_tables(p, a, b, output, scratch, -1);
}
