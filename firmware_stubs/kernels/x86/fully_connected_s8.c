/* fully_connected_s8.c - up to eight rows together. Layout of weights and factors: ek_x86_s8.h. */
#include "ek_window.h"
#include "ek_x86_best_s8.h"
#include "ek_x86_s8.h"

void ek_fully_connected_s8__x86(const ek_fully_connected_s8_t *p, const int8_t *input,
                                const int8_t *weights, const int32_t *factors, int8_t *output,
                                int8_t *scratch)
{
    ek_x86_dense_t *const multiply = ek_x86_best_dense();
    ek_x86_rows_t t = {
        .quads = ek_ceil_div(p->input_c, 4), .channels = p->output_c,
        .zero = p->output_zero, .low = p->act_min, .high = p->act_max,
    };
    for (int32_t r = 0; r < p->rows; r += EK_X86_ROWS) {
        t.rows = ek_min(EK_X86_ROWS, p->rows - r);
        for (int32_t i = 0; i < EK_X86_ROWS; i++) {
            uint8_t *const row = (uint8_t *)scratch + (i < t.rows ? i : 0) * t.quads * 4;
            t.x[i] = row;
            if (i < t.rows) ek_x86_raise(input + (r + i) * p->input_c, p->input_c, row);
        }
        multiply(&t, weights, factors, output + r * p->output_c);
    }
}
