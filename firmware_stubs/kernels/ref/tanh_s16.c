/* tanh_s16.c - from LOGISTIC's table, linear between its points. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_tables_s16.h"

void ek_tanh_s16__ref(const ek_sigmoid_s16_t *p, const uint16_t table[256], const int16_t *input,
                      int16_t *output)
{
    assert(p->multiplier >= 0 && p->shift >= 0 && p->shift < 32);
    for (int32_t i = 0; i < p->count; i++) output[i] = ek_tanh_q15(p, table, input[i]);
}
