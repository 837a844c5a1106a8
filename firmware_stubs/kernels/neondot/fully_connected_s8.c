/* fully_connected_s8.c - up to four rows by four outputs at a time, 16 products an instruction.
 * Layout of weights and factors: ek_neon_dot.h. */
#include "ek_neondot.h"

void ek_fully_connected_s8__neondot(const ek_fully_connected_s8_t *p, const int8_t *input,
                                    const int8_t *weights, const int32_t *factors, int8_t *output,
                                    int8_t *scratch)
{
    ek_neon_fully_connected(ek_neondot_multiply_add, p, input, weights, factors, output, scratch);
}
