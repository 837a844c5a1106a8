/* concat_s8.c - one operand's rows, copied to their place in the wider rows of the output. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"

void ek_concat_s8__ref(const ek_concat_s8_t *p, const int8_t *input, int8_t *output)
{
    assert(p->offset >= 0 && p->run >= 0 && p->offset + p->run <= p->output_run);
    for (int32_t row = 0; row < p->rows; row++) {
        memcpy(output + row * p->output_run + p->offset, input + row * p->run, (size_t)p->run);
    }
}
