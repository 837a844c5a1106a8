/* maximum_s8.c - the larger of two stored values, 16 at a time. */
#include "ek_mve_runs.h"

EK_RUN choose(const void *context, ek_run_t run, const int8_t *a, const int8_t *b, int8_t *y)
{
    int8_t each_a[16], each_b[16]; /* an operand that repeats */
    const int8_t *x = run.a_step ? a : each_a, *z = run.b_step ? b : each_b;
    const int32_t next_x = 16 * run.a_step, next_z = 16 * run.b_step;
    int32_t left = run.count;
    (void)context;
    vstrbq_s8(each_a, vdupq_n_s8(*a));
    vstrbq_s8(each_b, vdupq_n_s8(*b));
    for (; left >= 16; left -= 16, x += next_x, z += next_z, y += 16) {
        vstrbq_s8(y, vmaxq_s8(vldrbq_s8(x), vldrbq_s8(z)));
    }
    if (left > 0) {
        const mve_pred16_t lanes = vctp8q((uint32_t)left);
        vstrbq_p_s8(y, vmaxq_s8(vldrbq_z_s8(x, lanes), vldrbq_z_s8(z, lanes)), lanes);
    }
}

void ek_maximum_s8__mve(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    ek_each_run(p->extent, p->a_stride, p->b_stride, choose, 0, a, b, output);
}
