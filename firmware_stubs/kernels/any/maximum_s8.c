/* maximum_s8.c - the larger of two stored values; scales are equal, so that they compare. */
#include "ek_kernels_any.h"
#include "ek_runs.h"

EK_RUN choose(const void *context, ek_run_t run, const int8_t *a, const int8_t *b, int8_t *y)
{
    const int32_t a_step = run.a_step, b_step = run.b_step;
    (void)context;
    for (int32_t left = run.count; left > 0; left--, a += a_step, b += b_step) {
        const int32_t one = *a, other = *b;
        *y++ = (int8_t)(one > other ? one : other);
    }
}

void ek_maximum_s8__any(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    ek_each_run(p->extent, p->a_stride, p->b_stride, choose, 0, a, b, output);
}
