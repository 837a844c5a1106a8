/* sum_avx2_s8.c - one run of sums or differences, with AVX2. */
#include "ek_x86_avx2_sum_s8.h"

void ek_sum_avx2_s8__x86(const void *context, ek_run_t run, const int8_t *a, const int8_t *b,
                         int8_t *output)
{
    ek_avx2_sum(context, run, a, b, output);
}
