/* conv2d_s8.c - four output pixels by four output channels at a time; any kernel. Layout of weights
 * and factors: ek_neon_dot.h. */
#include "ek_neon_convolution.h"

void ek_conv2d_s8__neon(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                        const int32_t *factors, int8_t *output, int8_t *scratch)
{
    ek_neon_convolution(ek_neon_multiply_add, p, input, weights, factors, output, scratch);
}
