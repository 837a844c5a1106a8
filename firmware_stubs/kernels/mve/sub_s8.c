/* sub_s8.c - differences of 16 elements at a time in int32; operands of one shape, without broadcasting. */
#include "ek_mve_add.h"

void ek_sub_s8__mve(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    ek_mve_add(p, a, b, output, 1);
}
