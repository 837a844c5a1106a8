/* mul_s8.c - the product of the two differences from zero, rounded as the convolutions' sums are. */
#include "ek_c32_tables.h"
#include "ek_kernels_c32.h"
#include "ek_runs.h"

typedef struct {
    int32_t a_zero, b_zero;
    ek_c32_finish_t finish;
} mul_t;

EK_RUN multiply(const void *context, ek_run_t run, const int8_t *a, const int8_t *b, int8_t *y)
{
    const mul_t m = *(const mul_t *)context;
    for (int32_t left = run.count; left > 0; left--, a += run.a_step, b += run.b_step) {
        *y++ = ek_c32_output((*a - m.a_zero) * (*b - m.b_zero), m.finish);
    }
}

void ek_mul_s8__c32(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent;
    const mul_t m = {p->a_zero, p->b_zero, ek_c32_finish_of(p->output_q, p->output_zero)};
    ek_each_run(n, p->a_stride, p->b_stride, multiply, &m, a, b, output);
    ek_c32_clamp(output, n[0] * n[1] * n[2] * n[3], p->act_min, p->act_max);
}
