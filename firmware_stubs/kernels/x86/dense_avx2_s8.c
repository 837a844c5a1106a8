/* dense_avx2_s8.c - rows by rows, with AVX2. */
#include "ek_x86_avx2_dense_s8.h"

void ek_dense_avx2_s8__x86(const ek_x86_rows_t *t, const int8_t *weights, const int32_t *factors,
                           int8_t *output)
{
    ek_avx2_dense(t, weights, factors, output);
}
