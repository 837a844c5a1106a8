/* copy_s8.c - memcpy under the name that a plan can list. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"

void ek_copy_s8__ref(int32_t count, const int8_t *input, int8_t *output)
{
    assert(count >= 0 && (output + count <= input || input + count <= output));
    memcpy(output, input, (size_t)count);
}
