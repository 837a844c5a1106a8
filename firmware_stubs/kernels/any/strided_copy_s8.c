/* strided_copy_s8.c - reads the input in another order, four elements a turn; runs of neighbours are
 * copied at once. */
#include <assert.h>
#include <string.h>

#include "ek_kernels_any.h"

static void copy_run(int8_t *y, const int8_t *x, int32_t count, int32_t stride)
{
    if (stride == 1) {
        memcpy(y, x, (size_t)count);
        return;
    }
    for (; count >= 4; count -= 4, y += 4) {
        y[0] = *x;
        x += stride;
        y[1] = *x;
        x += stride;
        y[2] = *x;
        x += stride;
        y[3] = *x;
        x += stride;
    }
    for (int32_t l = 0; l < count; l++) y[l] = x[l * stride];
}

void ek_strided_copy_s8__any(const ek_strided_copy_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t *n = p->extent, *s = p->stride;
    assert(p->offset >= 0);
    input += p->offset;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                copy_run(output, input + i * s[0] + j * s[1] + k * s[2], n[3], s[3]);
                output += n[3];
            }
        }
    }
}
