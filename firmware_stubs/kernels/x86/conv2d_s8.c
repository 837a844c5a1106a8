/* conv2d_s8.c - the windows of eight output pixels are rows that are multiplied together. Layout of
 * weights and factors: ek_x86_s8.h. */
#include "ek_windows.h"
#include "ek_x86_best_s8.h"
#include "ek_x86_s8.h"

/* The window's taps, raised. Kernels without dilation copy runs of them, if all lie inside. */
static void gather(const ek_conv2d_s8_t *p, const ek_window_at_t *at, int32_t taps, int8_t *row)
{
    uint8_t *to = (uint8_t *)row;
    if (p->dilation_h == 1 && p->dilation_w == 1 && ek_window_is_inside(p, at)) {
        const int8_t *from = at->input + (at->h * p->input_w + at->w) * p->input_c;
        for (int32_t i = 0; i < p->kernel_h; i++, from += p->input_w * p->input_c) {
            to = ek_x86_raise(from, p->kernel_w * p->input_c, to);
        }
        return;
    }
    ek_window_gather(p, at, row);
    for (int32_t i = 0; i < taps; i++) to[i] = (uint8_t)(row[i] ^ INT8_MIN);
}

void ek_conv2d_s8__x86(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                       const int32_t *factors, int8_t *output, int8_t *scratch)
{
    const int32_t taps = p->kernel_h * p->kernel_w * p->input_c;
    ek_x86_dense_t *const multiply = ek_x86_best_dense();
    ek_x86_rows_t t = {
        .quads = ek_ceil_div(taps, 4), .channels = p->output_c,
        .zero = p->output_zero, .low = p->act_min, .high = p->act_max,
    };
    ek_window_at_t at = {0, 0, -p->pad_top, -p->pad_left, input};
    for (int32_t left = p->batches * p->output_h * p->output_w; left > 0; left -= EK_X86_ROWS) {
        t.rows = ek_min(EK_X86_ROWS, left);
        for (int32_t i = 0; i < EK_X86_ROWS; i++) {
            int8_t *const row = scratch + (i < t.rows ? i : 0) * t.quads * 4;
            t.x[i] = (const uint8_t *)row;
            if (i >= t.rows) continue;
            gather(p, &at, taps, row);
            ek_window_next(p, &at);
        }
        multiply(&t, weights, factors, output);
        output += EK_X86_ROWS * p->output_c;
    }
}
