/* fully_connected_quads_s8.c - four outputs at a time, two of them in each word of weights.
 *
 * weights, for outputs o..o+3 and inputs i..i+3, one word a column, low byte first:
 *
 *     word    0             1             2             3
 *     byte 0  w[o+1][i]     w[o+3][i]     w[o+1][i+1]   w[o+3][i+1]
 *     byte 1  w[o][i]  *    w[o+2][i]  *  w[o][i+1]  *  w[o+2][i+1] *
 *     byte 2  w[o+1][i+2]   w[o+3][i+2]   w[o+1][i+3]   w[o+3][i+3]
 *     byte 3  w[o][i+2] *   w[o+2][i+2] * w[o][i+3] *   w[o+2][i+3] *      * less 1 where the byte
 *                                                                            below is negative
 *
 * Seen as int16 lanes a word then holds 256 * w[o] + w[o+1] exactly, so it is multiplied as it is;
 * only w[o+1] is widened, multiplied on its own, and subtracted at the end. Rows are padded with
 * zeros to multiples of four. `finish` has two rows of eight for four outputs:
 *
 *     bias[o+1], 2 * bias[o], multiplier[o], addend[o], right[o], multiplier, addend, right [o+1]
 */
#include <assert.h>

#include "ek_dsp.h"
#include "ek_kernels_dsp.h"

/* 256 * y[o] + y[o+1] and y[o+1], for two pairs of outputs. */
typedef struct {
    int32_t both0, low0, both1, low1;
} quad_t;

static inline void add_four_inputs(quad_t *sum, uint32_t x, const int8_t *w)
{
    const int32_t even = ek_sxtb16(x), odd = ek_sxtb16_odd(x);
    const uint32_t w0 = ek_load4(w), w1 = ek_load4(w + 4);
    const uint32_t w2 = ek_load4(w + 8), w3 = ek_load4(w + 12);
    sum->both0 = ek_smlad((int32_t)w0, even, sum->both0);
    sum->low0 = ek_smlad(ek_sxtb16(w0), even, sum->low0);
    sum->both1 = ek_smlad((int32_t)w1, even, sum->both1);
    sum->low1 = ek_smlad(ek_sxtb16(w1), even, sum->low1);
    sum->both0 = ek_smlad((int32_t)w2, odd, sum->both0);
    sum->low0 = ek_smlad(ek_sxtb16(w2), odd, sum->low0);
    sum->both1 = ek_smlad((int32_t)w3, odd, sum->both1);
    sum->low1 = ek_smlad(ek_sxtb16(w3), odd, sum->low1);
}

static inline void finish_pair(int32_t both, int32_t low, const int32_t *finish, int8_t *y,
                               int32_t count)
{
    const int32_t doubled = finish[1] + (ek_wrapping_sub(both, low) >> 7);
    const ek_finish_t first = {finish[2], finish[3], finish[4]};
    const ek_finish_t second = {finish[5], finish[6], finish[7]};
    if (count > 1) y[1] = (int8_t)ek_finish(low * 2, second);
    y[0] = (int8_t)ek_finish(doubled, first);
}

static void multiply_row(const ek_fully_connected_s8_t *p, const int8_t *input,
                         const int8_t *weights, const int32_t *finish, int8_t *output)
{
    const int32_t whole = p->input_c & ~3;
    for (int32_t o = 0; o < p->output_c; o += 4, finish += 16) {
        quad_t sum = {finish[0], finish[0], finish[8], finish[8]};
        for (int32_t i = 0; i < whole; i += 4, weights += 16) {
            add_four_inputs(&sum, ek_load4(input + i), weights);
        }
        if (p->input_c > whole) {
            add_four_inputs(&sum, ek_load_tail(input + whole, p->input_c - whole), weights);
            weights += 16;
        }
        finish_pair(sum.both0, sum.low0, finish, output + o, p->output_c - o);
        if (p->output_c > o + 2) {
            finish_pair(sum.both1, sum.low1, finish + 8, output + o + 2, p->output_c - o - 2);
        }
    }
}

void ek_fully_connected_quads_s8__dsp(const ek_fully_connected_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *finish, int8_t *output)
{
    assert(p->input_c > 0);
    for (int32_t r = 0; r < p->rows; r++, output += p->output_c) {
        multiply_row(p, input + r * p->input_c, weights, finish, output);
        ek_clamp_s8(output, p->output_c, p->act_min, p->act_max);
    }
}
