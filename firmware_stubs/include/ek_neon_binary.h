/* ek_neon_binary.h - two operands, eight elements of a run at a time. */
#ifndef EK_NEON_BINARY_H
#define EK_NEON_BINARY_H

#include "ek_neon.h"
#include "ek_runs.h"

/* Eight results; `context` is what the kernel prepared. */
typedef int8x8_t ek_neon_binary_t(const void *context, int8x8_t a, int8x8_t b);

static inline int8x8_t ek_neon_operand(const int8_t *x, int32_t step, int32_t count)
{
    if (step == 0) return vdup_n_s8(*x);
    return count >= 8 ? vld1_s8(x) : ek_neon_load_some(x, count);
}

static inline void ek_neon_binary_run(ek_neon_binary_t *f, const void *context, ek_run_t run,
                                      const int8_t *a, const int8_t *b, int8_t *output)
{
    for (int32_t i = 0; i < run.count; i += 8) {
        const int32_t left = run.count - i;
        const int8x8_t y = f(context, ek_neon_operand(a + i * run.a_step, run.a_step, left),
                             ek_neon_operand(b + i * run.b_step, run.b_step, left));
        if (left >= 8) vst1_s8(output + i, y);
        else ek_neon_store_some(output + i, y, left);
    }
}

static inline void ek_neon_runs(ek_neon_binary_t *f, const void *context, const int32_t extent[4],
                                const int32_t sa[4], const int32_t sb[4], const int8_t *a,
                                const int8_t *b, int8_t *output)
{
    const ek_run_t run = ek_run(extent, sa, sb);
    int32_t n[4] = {1, 1, 1, 1};
    for (int32_t axis = 0; axis < run.axes; axis++) n[axis] = extent[axis];
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                for (int32_t l = 0; l < n[3]; l++) {
                    const int8_t *x = a + i * sa[0] + j * sa[1] + k * sa[2] + l * sa[3];
                    const int8_t *y = b + i * sb[0] + j * sb[1] + k * sb[2] + l * sb[3];
                    ek_neon_binary_run(f, context, run, x, y, output);
                    output += run.count;
                }
            }
        }
    }
}

static inline void ek_neon_binary(ek_neon_binary_t *f, const void *context,
                                  const ek_binary_s8_t *p, const int8_t *a, const int8_t *b,
                                  int8_t *output)
{
    ek_neon_runs(f, context, p->extent, p->a_stride, p->b_stride, a, b, output);
}

#endif
