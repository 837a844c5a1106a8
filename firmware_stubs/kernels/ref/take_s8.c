/* take_s8.c - along one axis, the slices that a list names. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"

void ek_take_s8__ref(const ek_take_s8_t *p, const int32_t *index, const int8_t *input,
                     int8_t *output)
{
    for (int32_t row = 0; row < p->rows; row++) {
        for (int32_t i = 0; i < p->output_n; i++) {
            assert(index[i] >= 0 && index[i] < p->input_n);
            memcpy(output, input + (row * p->input_n + index[i]) * p->run, (size_t)p->run);
            output += p->run;
        }
    }
}
