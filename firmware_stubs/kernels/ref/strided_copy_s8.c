/* strided_copy_s8.c - reads the input in another order; runs of neighbours are copied at once. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"

static void copy_run(int8_t *output, const int8_t *x, int32_t count, int32_t stride)
{
    if (stride == 1) {
        memcpy(output, x, (size_t)count);
    } else {
        for (int32_t l = 0; l < count; l++) output[l] = x[l * stride];
    }
}

void ek_strided_copy_s8__ref(const ek_strided_copy_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t *n = p->extent, *s = p->stride;
    assert(p->offset >= 0);
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                copy_run(output, input + p->offset + i * s[0] + j * s[1] + k * s[2], n[3], s[3]);
                output += n[3];
            }
        }
    }
}
