/* arg_max_s8.c - the index of the first largest value along one axis. */
#include <assert.h>

#include "ek_kernels.h"

void ek_arg_max_s8__ref(const ek_arg_max_s8_t *p, const int8_t *input, int32_t *output)
{
    assert(p->count > 0);
    for (int32_t i = 0; i < p->outer; i++) {
        for (int32_t j = 0; j < p->inner; j++) {
            const int8_t *x = input + i * p->count * p->inner + j;
            int32_t best = 0;
            for (int32_t k = 1; k < p->count; k++) {
                if (x[k * p->inner] > x[best * p->inner]) best = k;
            }
            *output++ = best;
        }
    }
}
