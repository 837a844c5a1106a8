/* mul_s8.c - 16 products of differences from zero at a time, requantized once.
 *
 * Even and odd elements are widened to int16 and multiplied to int32: elements 0 4 8 12, 2 6 10 14, 1 5
 * 9 13 and 3 7 11 15, which narrowing interleaves back.
 */
#include "ek_mve_runs.h"

typedef struct {
    int16_t a_zero, b_zero;
    ek_requant_t q;
    ek_mve_range_t range;
} mul_t;

/* Eight products of even or odd elements. */
static inline int16x8_t multiply(int16x8_t x, int16x8_t y, const mul_t *m)
{
    x = vsubq_n_s16(x, m->a_zero);
    y = vsubq_n_s16(y, m->b_zero);
    return ek_mve_pair(ek_mve_scaled(vmullbq_int_s16(x, y), m->q),
                       ek_mve_scaled(vmulltq_int_s16(x, y), m->q));
}

EK_RUN multiply_run(const void *context, ek_run_t run, const int8_t *a, const int8_t *b,
                    int8_t *output)
{
    const mul_t m = *(const mul_t *)context;
    for (int32_t i = 0; i < run.count; i += 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)(run.count - i));
        const int8x16_t x = ek_mve_operand(a, i, run.a_step, lanes);
        const int8x16_t y = ek_mve_operand(b, i, run.b_step, lanes);
        const int16x8_t even = multiply(vmovlbq_s8(x), vmovlbq_s8(y), &m);
        const int16x8_t odd = multiply(vmovltq_s8(x), vmovltq_s8(y), &m);
        vstrbq_p_s8(output + i, ek_mve_narrow(even, odd, m.range), lanes);
    }
}

void ek_mul_s8__mve(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const mul_t m = {
        .a_zero = (int16_t)p->a_zero,
        .b_zero = (int16_t)p->b_zero,
        .q = p->output_q,
        .range = {p->output_zero, p->act_min, p->act_max},
    };
    ek_each_run(p->extent, p->a_stride, p->b_stride, multiply_run, &m, a, b, output);
}
