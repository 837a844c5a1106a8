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

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* Products of four inputs: 8 SMLAD, 6 to widen, 2 loads. */
#define FOUR_INPUTS                          \
    "ldr    r3, [%[x]], #4             \n\t" \
    "ldmia  %[w]!, {r4, r5, r6, r8}    \n\t" \
    "sxtb16 r2, r3                     \n\t" \
    "sxtb16 r3, r3, ror #8             \n\t" \
    "smlad  %[b0], r4, r2, %[b0]       \n\t" \
    "sxtb16 r4, r4                     \n\t" \
    "smlad  %[b1], r5, r2, %[b1]       \n\t" \
    "sxtb16 r5, r5                     \n\t" \
    "smlad  %[l0], r4, r2, %[l0]       \n\t" \
    "smlad  %[l1], r5, r2, %[l1]       \n\t" \
    "smlad  %[b0], r6, r3, %[b0]       \n\t" \
    "sxtb16 r6, r6                     \n\t" \
    "smlad  %[b1], r8, r3, %[b1]       \n\t" \
    "sxtb16 r8, r8                     \n\t" \
    "smlad  %[l0], r6, r3, %[l0]       \n\t" \
    "smlad  %[l1], r8, r3, %[l1]       \n\t"

/* Adds the products of `fours` > 0 times four inputs; returns the weights that follow. Assembly for
 * LDM, which loads all weights of four inputs at once; by itself the compiler loads them singly. */
static inline const int8_t *add_inputs(quad_t *sum, const int8_t *x, const int8_t *w, int32_t fours)
{
    const int8_t *const end = x + 4 * fours;
    quad_t s = *sum;
    if (fours & 1) {
        __asm__ volatile(FOUR_INPUTS
                         : [x] "+&r"(x), [w] "+&r"(w), [b0] "+&r"(s.both0), [l0] "+&r"(s.low0),
                           [b1] "+&r"(s.both1), [l1] "+&r"(s.low1)
                         :
                         : "r2", "r3", "r4", "r5", "r6", "r8", "memory");
    }
    while (x != end) {
        __asm__ volatile(FOUR_INPUTS FOUR_INPUTS
                         : [x] "+&r"(x), [w] "+&r"(w), [b0] "+&r"(s.both0), [l0] "+&r"(s.low0),
                           [b1] "+&r"(s.both1), [l1] "+&r"(s.low1)
                         :
                         : "r2", "r3", "r4", "r5", "r6", "r8", "memory");
    }
    *sum = s;
    return w;
}

#else

static inline const int8_t *add_inputs(quad_t *sum, const int8_t *x, const int8_t *w, int32_t fours)
{
    for (; fours > 0; fours--, x += 4, w += 16) {
        const uint32_t four = ek_load4(x);
        const int32_t lanes[2] = {ek_sxtb16(four), ek_sxtb16_odd(four)};
        for (int32_t i = 0; i < 2; i++) {
            const uint32_t w0 = ek_load4(w + 8 * i), w1 = ek_load4(w + 8 * i + 4);
            sum->both0 = ek_smlad((int32_t)w0, lanes[i], sum->both0);
            sum->low0 = ek_smlad(ek_sxtb16(w0), lanes[i], sum->low0);
            sum->both1 = ek_smlad((int32_t)w1, lanes[i], sum->both1);
            sum->low1 = ek_smlad(ek_sxtb16(w1), lanes[i], sum->low1);
        }
    }
    return w;
}

#endif

/* The outputs of a pair, or of its first alone. */
static inline void finish_pair(int32_t both, int32_t low, const int32_t *finish, int8_t *y,
                               int32_t count)
{
    const int32_t doubled = finish[1] + (ek_wrapping_sub(both, low) >> 7);
    y[0] = (int8_t)ek_finish(doubled, (ek_finish_t){finish[2], finish[3], finish[4]});
    if (count < 2) return;
    y[1] = (int8_t)ek_finish(low * 2, (ek_finish_t){finish[5], finish[6], finish[7]});
}

static void multiply_row(const ek_fully_connected_s8_t *p, const int8_t *input,
                         const int8_t *weights, const int32_t *finish, int8_t *output)
{
    const int32_t whole = p->input_c & ~3, rest = p->input_c - whole;
    const uint32_t tail = rest ? ek_load_tail(input + whole, rest) : 0;
    int8_t last[4];
    memcpy(last, &tail, sizeof last);
    for (int32_t left = p->output_c; left > 0; left -= 4, finish += 16, output += 4) {
        quad_t sum = {finish[0], finish[0], finish[8], finish[8]};
        if (whole) weights = add_inputs(&sum, input, weights, whole >> 2);
        if (rest) weights = add_inputs(&sum, last, weights, 1);
        finish_pair(sum.both0, sum.low0, finish, output, left);
        if (left > 2) finish_pair(sum.both1, sum.low1, finish + 8, output + 2, left - 2);
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
