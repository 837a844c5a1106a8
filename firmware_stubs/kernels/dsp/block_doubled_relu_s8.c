/* block_doubled_relu_s8.c - block_doubled_s8.c for outputs that are not below their zero point. */
#include "ek_dsp_doubled.h"

void ek_block_doubled_relu_s8__dsp(const int32_t *block, int32_t pairs, const int32_t *doubled,
                                   int32_t channels, int8_t *output)
{
    ek_doubled_block(block, pairs, doubled, channels, output, EK_ANY_WAY);
}
