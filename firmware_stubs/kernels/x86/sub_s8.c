/* sub_s8.c - differences run by run. */
#include <assert.h>

#include "ek_x86_best_s8.h"

void ek_sub_s8__x86(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const ek_x86_sum_t context = {p, -1};
    assert(p->left_shift >= 0 && p->left_shift < 32);
    ek_each_run(p->extent, p->a_stride, p->b_stride, ek_x86_best_sum(), &context, a, b, output);
}
