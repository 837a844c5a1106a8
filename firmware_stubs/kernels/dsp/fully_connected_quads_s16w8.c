/* fully_connected_quads_s16w8.c - four outputs at a time, so that two inputs in a word serve four
 * multiplications.
 *
 * weights, for outputs o..o+3: words of outputs o and o+1, o+2 and o+3 in turn, for every two inputs
 * (ek_dsp_s16.h). Rows are padded with zeros to even, outputs to four.
 * finish: a row for each output.
 */
#include <assert.h>

#include "ek_dsp_s16.h"
#include "ek_kernels_dsp_s16.h"

enum { QUAD = 4 };

/* Sums of four outputs; returns the weights that follow. */
static const int8_t *sum_quad(const int16_t *x, int32_t inputs, const int8_t *w, int32_t sums[QUAD])
{
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (; inputs > 0; inputs -= 2, x += 2, w += 8) {
        const int32_t two = ek_load_pair(x, inputs);
        const uint32_t w01 = ek_load4(w), w23 = ek_load4(w + 4);
        s0 = ek_smlad(ek_sxtb16(w01), two, s0);
        s1 = ek_smlad(ek_sxtb16_odd(w01), two, s1);
        s2 = ek_smlad(ek_sxtb16(w23), two, s2);
        s3 = ek_smlad(ek_sxtb16_odd(w23), two, s3);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return w;
}

void ek_fully_connected_quads_s16w8__dsp(const ek_fully_connected_s16w8_t *p,
                                         const int16_t *input, const int8_t *weights,
                                         const int32_t *finish, int16_t *output)
{
    assert(p->input_c > 0);
    for (int32_t r = 0; r < p->rows; r++, input += p->input_c) {
        const int8_t *w = weights;
        const int32_t *f = finish;
        for (int32_t left = p->output_c; left > 0; left -= QUAD) {
            int32_t sums[QUAD];
            w = sum_quad(input, p->input_c, w, sums);
            for (int32_t l = 0; l < QUAD && l < left; l++, f += 4) {
                *output++ = ek_finish_s16(sums[l], f, p->act_min, p->act_max);
            }
        }
    }
}
