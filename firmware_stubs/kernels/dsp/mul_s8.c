/* mul_s8.c - the product of the two differences from zero, rounded as the convolutions' sums are. */
#include "ek_dsp_tables.h"
#include "ek_kernels_dsp.h"
#include "ek_runs.h"

typedef struct {
    int32_t a_zero, b_zero;
    ek_finish_t finish;
} mul_t;

EK_RUN multiply(const void *context, ek_run_t run, const int8_t *a, const int8_t *b, int8_t *y)
{
    const mul_t m = *(const mul_t *)context;
    const int32_t a_step = run.a_step, b_step = run.b_step;
    for (int32_t left = run.count; left > 0; left--, a += a_step, b += b_step) {
        const int32_t doubled = 2 * ((*a - m.a_zero) * (*b - m.b_zero));
        *y++ = (int8_t)ek_finish(doubled, m.finish, EK_AWAY_FROM_ZERO);
    }
}

void ek_mul_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent;
    const mul_t m = {p->a_zero, p->b_zero, ek_finish_of(p->output_q, p->output_zero)};
    ek_each_run(n, p->a_stride, p->b_stride, multiply, &m, a, b, output);
    ek_clamp_s8__dsp(output, n[0] * n[1] * n[2] * n[3], p->act_min, p->act_max);
}
