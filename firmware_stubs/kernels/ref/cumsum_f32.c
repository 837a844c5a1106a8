/* cumsum_f32.c - running sums along one axis, from either end. */
#include <assert.h>

#include "ek_kernels_f32.h"

void ek_cumsum_f32__ref(const ek_cumsum_f32_t *p, const float *input, float *output)
{
    const int32_t step = p->reverse ? -p->inner : p->inner;
    assert(p->count > 0);
    for (int32_t i = 0; i < p->outer; i++) {
        for (int32_t j = 0; j < p->inner; j++) {
            int32_t at = (i * p->count + (p->reverse ? p->count - 1 : 0)) * p->inner + j;
            float sum = 0.0f;
            for (int32_t k = 0; k < p->count; k++, at += step) {
                const float before = sum;
                sum += input[at];
                output[at] = p->exclusive ? before : sum;
            }
        }
    }
}
