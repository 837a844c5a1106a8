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
 *     2 * bias[o+1], 2 * bias[o], multiplier, addend, right [o]; the same of [o+1]
 */
#include <assert.h>

#include "ek_dsp_quads.h"
#include "ek_kernels_dsp.h"

/* The outputs of a pair as bytes of a word: the first, then the second. */
EK_INLINE uint32_t finish_pair(int32_t both, int32_t low, const int32_t *f)
{
    const int32_t doubled = f[1] + (ek_wrapping_sub(both, low) >> 7);
    const int32_t y0 = ek_finish(doubled, (ek_finish_t){f[2], f[3], f[4]}, EK_AWAY_FROM_ZERO);
    const int32_t y1 =
        ek_finish(f[0] + low * 2, (ek_finish_t){f[5], f[6], f[7]}, EK_AWAY_FROM_ZERO);
    return (uint32_t)(uint8_t)y0 | (uint32_t)(uint8_t)y1 << 8;
}

/* Fewer outputs than four. */
static void store_some(int8_t *y, uint32_t four, int32_t count)
{
    for (; count > 0; count--, four >>= 8) *y++ = (int8_t)four;
}

static void multiply_row(const ek_fully_connected_s8_t *p, const int8_t *input,
                         const int8_t *weights, const int32_t *finish, int8_t *output)
{
    const int32_t whole = p->input_c & ~3, rest = p->input_c - whole;
    const uint32_t tail = rest ? ek_load_tail(input + whole, rest) : 0;
    for (int32_t left = p->output_c; left > 0; left -= 4, finish += 16, output += 4) {
        ek_quad_t sum = {0, 0, 0, 0};
        if (whole) weights = ek_add_inputs(&sum, input, weights, whole >> 2);
        if (rest) weights = ek_add_tail(&sum, tail, weights);
        const uint32_t low = finish_pair(sum.both0, sum.low0, finish);
        const uint32_t four = low | finish_pair(sum.both1, sum.low1, finish + 8) << 16;
        if (left >= 4) {
            memcpy(output, &four, sizeof four);
        } else {
            store_some(output, four, left);
        }
    }
}

void ek_fully_connected_quads_s8__dsp(const ek_fully_connected_s8_t *p, const int8_t *input,
                                      const int8_t *weights, const int32_t *finish, int8_t *output)
{
    assert(p->input_c > 0);
    for (int32_t r = 0; r < p->rows; r++, output += p->output_c) {
        multiply_row(p, input + r * p->input_c, weights, finish, output);
        ek_clamp_s8__dsp(output, p->output_c, p->act_min, p->act_max);
    }
}
