/* ek_runs.h - two operands of an elementwise operator, with broadcasting, as few long runs.
 *
 * Axes whose elements follow one another in the output and in both operands (or repeat in one) are
 * taken as one run, so equal shapes are a single run.
 */
#ifndef EK_RUNS_H
#define EK_RUNS_H

#include <stdint.h>

/* `count` elements; each operand advances by its step. `axes` are left to loop over. */
typedef struct {
    int32_t count, a_step, b_step, axes;
} ek_run_t;

static inline ek_run_t ek_run(const int32_t extent[4], const int32_t a_stride[4],
                              const int32_t b_stride[4])
{
    ek_run_t run = {1, 0, 0, 4};
    for (; run.axes > 0; run.axes--) {
        const int32_t axis = run.axes - 1;
        const int32_t n = extent[axis], a = a_stride[axis], b = b_stride[axis];
        if (n == 1) continue;
        if (run.count == 1) {
            run.a_step = a;
            run.b_step = b;
        } else if (a != run.count * run.a_step || b != run.count * run.b_step) {
            break;
        }
        run.count *= n;
    }
    return run;
}

/* Begins the function for a run, which is not inlined so that its loop has the registers. */
#define EK_RUN static __attribute__((noinline)) void

/* What a kernel does with one run; `context` is what it prepared. */
typedef void ek_run_function_t(const void *context, ek_run_t run, const int8_t *a, const int8_t *b,
                               int8_t *output);

static inline void ek_each_run(const int32_t extent[4], const int32_t a_stride[4],
                               const int32_t b_stride[4], ek_run_function_t *f,
                               const void *context, const int8_t *a, const int8_t *b,
                               int8_t *output)
{
    const ek_run_t run = ek_run(extent, a_stride, b_stride);
    const int32_t *sa = a_stride, *sb = b_stride;
    int32_t n[4] = {1, 1, 1, 1};
    for (int32_t axis = 0; axis < run.axes; axis++) n[axis] = extent[axis];
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                for (int32_t l = 0; l < n[3]; l++) {
                    f(context, run, a + i * sa[0] + j * sa[1] + k * sa[2] + l * sa[3],
                      b + i * sb[0] + j * sb[1] + k * sb[2] + l * sb[3], output);
                    output += run.count;
                }
            }
        }
    }
}

#endif
