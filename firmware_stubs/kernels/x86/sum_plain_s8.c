/* sum_plain_s8.c - one run of sums or differences in plain C. */
#include "ek_kernels_x86.h"
#include "ek_requant.h"

void ek_sum_plain_s8__x86(const void *context, ek_run_t run, const int8_t *a, const int8_t *b,
                          int8_t *output)
{
    const ek_x86_sum_t *const t = context;
    const ek_binary_s8_t *const p = t->p;
    for (int32_t i = 0; i < run.count; i++) {
        const int32_t x = ek_wrapping_shift_left(a[i * run.a_step] - p->a_zero, p->left_shift);
        const int32_t y = ek_wrapping_shift_left(b[i * run.b_step] - p->b_zero, p->left_shift);
        const uint32_t other = (uint32_t)t->sign * (uint32_t)ek_requant(y, p->b_q);
        const int32_t sum = ek_wrapping_add(ek_requant(x, p->a_q), (int32_t)other);
        output[i] = ek_requant_s8(sum, p->output_q, p->output_zero, p->act_min, p->act_max);
    }
}
