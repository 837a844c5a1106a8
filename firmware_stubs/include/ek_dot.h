/* ek_dot.h - four dot products that share an operand.
 *
 * One load of x serves four multiplications: on a Cortex-M that takes about half the instructions
 * of four separate loops.
 */
#ifndef EK_DOT_H
#define EK_DOT_H

#include <stdint.h>

/* sum[l] += x[0] * w[l][offset] + ... + x[count - 1] * w[l][offset + count - 1] */
static inline void ek_dot4(const int8_t *x, const int8_t *const w[4], int32_t offset,
                           int32_t count, int32_t sum[4])
{
    const int8_t *w0 = w[0] + offset, *w1 = w[1] + offset;
    const int8_t *w2 = w[2] + offset, *w3 = w[3] + offset;
    int32_t sum0 = sum[0], sum1 = sum[1], sum2 = sum[2], sum3 = sum[3];
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = x[i];
        sum0 += value * w0[i];
        sum1 += value * w1[i];
        sum2 += value * w2[i];
        sum3 += value * w3[i];
    }
    sum[0] = sum0;
    sum[1] = sum1;
    sum[2] = sum2;
    sum[3] = sum3;
}

/* The rows of `w`, `stride` apart; the last is repeated where there are fewer than four. */
static inline void ek_four_rows(const int8_t *w, int32_t stride, int32_t rows, const int8_t *row[4])
{
    for (int32_t l = 0; l < 4; l++) row[l] = w + (l < rows ? l : rows - 1) * stride;
}

#endif
