/* fully_connected_s8.c - four outputs at a time, 16 inputs an instruction.
 *
 * Weights are packed in 16 inputs of four outputs in turn, zeros where there are none:
 *
 *     w0[0..15] w1[0..15] w2[0..15] w3[0..15] w0[16..31] ... w4[0..15] w5[0..15] ...
 *
 * and factors as four biases, multipliers and shifts. Every weight is loaded once, so half of the
 * inner loop's ten instructions are loads, which Helium overlaps with the multiplications.
 */
#include "ek_mve.h"

static void multiply_row(const ek_fully_connected_s8_t *p, const int8_t *input,
                         const int8_t *weights, const int32_t *factors, int8_t *output)
{
    const ek_mve_range_t range = {p->output_zero, p->act_min, p->act_max};
    for (int32_t o = 0; o < p->output_c; o += 4) {
        const int32x4_t sum = ek_mve_dot_rows(input, &weights, p->input_c);
        ek_mve_store(output + o, ek_mve_requant_lanes(sum, factors + 3 * o), range,
                     vctp32q((uint32_t)(p->output_c - o)));
    }
}

void ek_fully_connected_s8__mve(const ek_fully_connected_s8_t *p, const int8_t *input,
                                const int8_t *weights, const int32_t *factors, int8_t *output)
{
    for (int32_t r = 0; r < p->rows; r++) {
        multiply_row(p, input + r * p->input_c, weights, factors, output + r * p->output_c);
    }
}
