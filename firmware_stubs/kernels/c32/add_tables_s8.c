/* add_tables_s8.c - sums of operands of one shape, brought to the common scale by a table. */
#include "ek_c32_tables.h"
#include "ek_kernels_c32.h"

void ek_add_tables_s8__c32(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                           int8_t *output, void *scratch)
{
    ek_c32_add_by_tables(p, a, b, output, scratch, 1);
}
