/* block_relu_s8.c - block_s8.c for outputs that are not below their zero point. */
#include "ek_dsp_products.h"

void ek_block_relu_s8__dsp(const int32_t *block, int32_t pixels, int32_t pairs,
                           const int8_t *weights, const int32_t *finish, int32_t channels,
                           int8_t *output)
{
    ek_multiply_block(block, pixels, pairs, weights, finish, channels, output, EK_ANY_WAY);
}
