/* minimum_s8.c - the smaller of two stored values, four in a word. */
#include "ek_dsp.h"
#include "ek_kernels_dsp.h"
#include "ek_runs.h"

EK_RUN choose(const void *context, ek_run_t run, const int8_t *a, const int8_t *b, int8_t *y)
{
    const uint32_t each_a = 0x01010101u * (uint8_t)*a, each_b = 0x01010101u * (uint8_t)*b;
    const int8_t *x = run.a_step ? a : (const int8_t *)&each_a;
    const int8_t *z = run.b_step ? b : (const int8_t *)&each_b;
    const int32_t next_x = 4 * run.a_step, next_z = 4 * run.b_step;
    const int8_t *const end = y + (run.count & ~3);
    (void)context;
    for (; y < end; x += next_x, z += next_z, y += 4) {
        const uint32_t word = ek_min_s8x4(ek_load4(x), ek_load4(z));
        memcpy(y, &word, sizeof word);
    }
    for (int32_t i = 0; i < (run.count & 3); i++) y[i] = x[i] < z[i] ? x[i] : z[i];
}

void ek_minimum_s8__dsp(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    ek_each_run(p->extent, p->a_stride, p->b_stride, choose, 0, a, b, output);
}
