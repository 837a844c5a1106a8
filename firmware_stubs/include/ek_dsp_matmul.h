/* ek_dsp_matmul.h - what both products of matrices share: a row of the first widened to int16 in
 * scratch, without its zero point.
 *
 * The sum of (a - a_zero) * (b - b_zero) is that of (a - a_zero) * b less b_zero times that of
 * a - a_zero.
 */
#ifndef EK_DSP_MATMUL_H
#define EK_DSP_MATMUL_H

#include "ek_dsp_tables.h"

/* How a row's products with columns end. */
typedef struct {
    int32_t correction; /* b_zero times the row's sum */
    ek_finish_t finish;
} ek_row_end_t;

static inline int8_t ek_row_output(int32_t sum, ek_row_end_t end)
{
    return (int8_t)ek_finish(2 * (sum - end.correction), end.finish, EK_AWAY_FROM_ZERO);
}

/* A product of one row with all columns of b, from its widened elements. */
typedef void ek_row_function_t(const ek_batch_matmul_s8_t *p, const int16_t *row, ek_row_end_t end,
                               const int8_t *b, int8_t *y);
/* Widens a row and returns its sum. */
typedef int32_t ek_widen_function_t(const ek_batch_matmul_s8_t *p, const int8_t *x, int16_t *row);

static inline void ek_matmul(ek_row_function_t *multiply, ek_widen_function_t *widen,
                             const ek_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b,
                             int8_t *output, int16_t *row)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    ek_row_end_t end = {0, ek_finish_of(p->q, p->output_zero)};
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t r = 0; r < n[2]; r++, output += n[3]) {
                const int32_t sum = widen(p, a + i * sa[0] + j * sa[1] + r * sa[2], row);
                end.correction = p->b_zero * sum;
                multiply(p, row, end, b + i * sb[0] + j * sb[1], output);
            }
        }
    }
}

#endif
