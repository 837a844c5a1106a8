/* fully_connected_nibbles_s8w4.c - four outputs at a time, the weights of two in each byte.
 *
 * weights, for outputs o..o+3 and inputs i..i+3, two words, low byte first:
 *
 *     bits      7..4        3..0                   7..4        3..0
 *     byte 0    w[o][i]     w[o+1][i]    byte 4    w[o+2][i]   w[o+3][i]
 *     byte 1    w[o][i+1]   w[o+1][i+1]  byte 5    ..
 *     byte 2    w[o][i+2]   w[o+1][i+2]
 *     byte 3    w[o][i+3]   w[o+1][i+3]
 *
 * A half byte is multiplied in the upper half of a byte, so sums are exact multiples of 16. Rows are
 * padded with zeros to multiples of four.
 *
 * finish: per output 2 * bias, multiplier, addend, right (ek_finish_t).
 */
#include <assert.h>

#include "ek_dsp.h"
#include "ek_kernels_dsp_w4.h"

enum { QUAD = 4 };

/* Adds the products of four inputs to two outputs' sums. */
EK_INLINE void add_four(int32_t *sum_a, int32_t *sum_b, uint32_t both, int32_t even, int32_t odd)
{
    const uint32_t a = both & 0xF0F0F0F0u, b = (both << 4) & 0xF0F0F0F0u;
    *sum_a = ek_smlad(ek_sxtb16(a), even, *sum_a);
    *sum_a = ek_smlad(ek_sxtb16_odd(a), odd, *sum_a);
    *sum_b = ek_smlad(ek_sxtb16(b), even, *sum_b);
    *sum_b = ek_smlad(ek_sxtb16_odd(b), odd, *sum_b);
}

/* 16 times the sums of four outputs; returns the weights that follow. */
static const uint8_t *sum_quad(const int8_t *x, int32_t inputs, const uint8_t *w,
                               int32_t sums[QUAD])
{
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (; inputs > 0; inputs -= 4, x += 4, w += 8) {
        const uint32_t four = inputs >= 4 ? ek_load4(x) : ek_load_tail(x, inputs);
        const int32_t even = ek_sxtb16(four), odd = ek_sxtb16_odd(four);
        add_four(&s0, &s1, ek_load4((const int8_t *)w), even, odd);
        add_four(&s2, &s3, ek_load4((const int8_t *)w + 4), even, odd);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return w;
}

void ek_fully_connected_nibbles_s8w4__dsp(const ek_fully_connected_s8_t *p, const int8_t *input,
                                          const uint8_t *weights, const int32_t *finish,
                                          int8_t *output)
{
    int8_t *y = output;
    assert(p->input_c > 0);
    for (int32_t r = 0; r < p->rows; r++, input += p->input_c) {
        const uint8_t *w = weights;
        const int32_t *f = finish;
        for (int32_t left = p->output_c; left > 0; left -= QUAD) {
            int32_t sums[QUAD];
            w = sum_quad(input, p->input_c, w, sums);
            for (int32_t l = 0; l < QUAD && l < left; l++, f += 4) {
                const ek_finish_t finish_one = {f[1], f[2], f[3]};
                *y++ = (int8_t)ek_finish(f[0] + (sums[l] >> 3), finish_one, EK_AWAY_FROM_ZERO);
            }
        }
    }
    ek_clamp_s8__dsp(output, (int32_t)(y - output), p->act_min, p->act_max);
}
