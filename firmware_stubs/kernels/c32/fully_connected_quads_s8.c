/* fully_connected_quads_s8.c - four outputs at a time, so that one input serves four weights.
 *
 * weights, for outputs o..o+3 (padded with zeros to four), input after input:
 *
 *     byte 0       1         2         3         4       5  ..
 *     w[o][0]  w[o+1][0]  w[o+2][0]  w[o+3][0]  w[o][1]  ..
 *
 * finish: a row for each output, see ek_c32.h.
 */
#include <assert.h>
#include <string.h>

#include "ek_c32.h"
#include "ek_kernels_c32.h"

enum { QUAD = 4 };

/* Sums of four outputs; returns the weights that follow. */
static inline const int8_t *sum_quad(const int8_t *x, int32_t inputs, const int8_t *w,
                                     int32_t sums[QUAD])
{
    const int8_t *const end = x + inputs;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma GCC unroll 4
    while (x != end) {
        const int32_t a = *x++;
        s0 += a * *w++;
        s1 += a * *w++;
        s2 += a * *w++;
        s3 += a * *w++;
    }
    const int32_t found[QUAD] = {s0, s1, s2, s3};
    memcpy(sums, found, sizeof found);
    return w;
}

void ek_fully_connected_quads_s8__c32(const ek_fully_connected_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *finish, int8_t *output)
{
    int8_t *y = output;
    assert(p->input_c > 0);
    for (int32_t r = 0; r < p->rows; r++, input += p->input_c) {
        const int8_t *w = weights;
        const int32_t *f = finish;
        for (int32_t left = p->output_c; left > 0; left -= QUAD) {
            int32_t sums[QUAD];
            w = sum_quad(input, p->input_c, w, sums);
            for (int32_t l = 0; l < QUAD && l < left; l++, f += EK_FINISH) {
                *y++ = ek_c32_output(sums[l], ek_c32_finish(f));
            }
        }
    }
    ek_c32_clamp(output, (int32_t)(y - output), p->act_min, p->act_max);
}
