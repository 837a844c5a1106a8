/* leaky_relu_s16.c - one factor for values from zero up, another below. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant_s16.h"

void ek_leaky_relu_s16__ref(const ek_leaky_relu_s16_t *p, const int16_t *input, int16_t *output)
{
    assert(p->count >= 0);
    for (int32_t i = 0; i < p->count; i++) {
        const ek_requant_t q = input[i] >= 0 ? p->positive_q : p->negative_q;
        output[i] = ek_requant_s16(input[i], q, INT16_MIN, INT16_MAX);
    }
}
