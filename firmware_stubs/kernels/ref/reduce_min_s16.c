/* reduce_min_s16.c - the smallest value along one axis. */
#include <assert.h>

#include "ek_kernels_s16.h"

void ek_reduce_min_s16__ref(const ek_arg_max_s8_t *p, const int16_t *input, int16_t *output)
{
    assert(p->count > 0);
    for (int32_t i = 0; i < p->outer; i++) {
        for (int32_t j = 0; j < p->inner; j++) {
            const int16_t *x = input + i * p->count * p->inner + j;
            int16_t least = x[0];
            for (int32_t k = 1; k < p->count; k++) {
                if (x[k * p->inner] < least) least = x[k * p->inner];
            }
            *output++ = least;
        }
    }
}
