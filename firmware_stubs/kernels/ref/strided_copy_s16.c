/* strided_copy_s16.c - as strided_copy_s8, over elements of int16_t. */
#include <assert.h>
#include <string.h>

#include "ek_kernels_s16.h"

static void copy_run(int16_t *output, const int16_t *x, int32_t count, int32_t stride)
{
    if (stride == 1) {
        memcpy(output, x, (size_t)count * sizeof *x);
    } else {
        for (int32_t l = 0; l < count; l++) output[l] = x[l * stride];
    }
}

void ek_strided_copy_s16__ref(const ek_strided_copy_s8_t *p, const int16_t *input, int16_t *output)
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
