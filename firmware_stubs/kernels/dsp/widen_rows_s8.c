/* widen_rows_s8.c - inputs of four pixels become a block, see ek_dsp_blocks.h. */
#include "ek_dsp_rows.h"

void ek_widen_rows_s8__dsp(const int8_t *const *from, int32_t skip, int32_t rows, int32_t fours,
                           int32_t *x)
{
    ek_widen_rows(from, skip, rows, fours, x);
}
