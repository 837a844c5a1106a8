/* pad_s16.c - fills the whole output, then copies the input's rows into it, as many axes at
 * once as have nothing in between. */
#include <assert.h>
#include <string.h>

#include "ek_kernels_s16.h"

void ek_pad_s16__ref(const ek_pad_s8_t *p, const int16_t *input, int16_t *output)
{
    int32_t n[4], stride[4], total = 1;
    memcpy(n, p->extent, sizeof n);
    for (int axis = 3; axis >= 0; axis--) {
        assert(p->before[axis] >= 0 && p->after[axis] >= 0);
        stride[axis] = total;
        total *= p->before[axis] + n[axis] + p->after[axis];
    }
    for (int32_t i = 0; i < total; i++) output[i] = (int16_t)p->value;
    for (int axis = 0; axis < 4; axis++) output += p->before[axis] * stride[axis];
    for (int axis = 3; axis > 0 && p->before[axis] == 0 && p->after[axis] == 0; axis--) {
        n[3] *= n[axis - 1];
        n[axis - 1] = 1;
    }
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                memcpy(output + i * stride[0] + j * stride[1] + k * stride[2], input,
                       (size_t)n[3] * sizeof *input);
                input += n[3];
            }
        }
    }
}
