/* prelu_tables_s8.c - values from zero up by a table, since they have one factor; others as products.
 *
 * scratch: the output for each byte, as unsigned, if it is not below zero.
 */
#include "ek_dsp_tables.h"
#include "ek_kernels_dsp.h"
#include "ek_runs.h"

typedef struct {
    const int8_t *table;
    int32_t a_zero, b_zero;
    ek_finish_t finish;
} prelu_t;

EK_RUN prelu_run(const void *context, ek_run_t run, const int8_t *a, const int8_t *b, int8_t *y)
{
    const prelu_t f = *(const prelu_t *)context;
    const int32_t a_step = run.a_step, b_step = run.b_step;
    for (int32_t left = run.count; left > 0; left--, a += a_step, b += b_step) {
        const int32_t x = *a - f.a_zero;
        if (x >= 0) {
            *y++ = f.table[(uint8_t)*a];
        } else {
            *y++ = (int8_t)ek_finish(2 * x * (*b - f.b_zero), f.finish, EK_AWAY_FROM_ZERO);
        }
    }
}

void ek_prelu_tables_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                             int8_t *output, void *scratch)
{
    const int32_t *n = p->extent;
    const prelu_t f = {scratch, p->a_zero, p->b_zero, ek_finish_of(p->output_q, p->output_zero)};
    int8_t *const table = scratch;
    for (int32_t value = p->a_zero; value <= INT8_MAX; value++) {
        table[(uint8_t)value] =
            ek_requant_s8(value - p->a_zero, p->a_q, p->output_zero, INT8_MIN, INT8_MAX);
    }
    ek_each_run(n, p->a_stride, p->b_stride, prelu_run, &f, a, b, output);
    ek_clamp_s8__dsp(output, n[0] * n[1] * n[2] * n[3], p->act_min, p->act_max);
}
