/* max_pool2d_s8.c - the largest of the window's taps inside the input, 16 channels at a time. */
#include "ek_mve.h"
#include "ek_window.h"

/* `lanes` channels of a window of `rows` by `columns` taps. */
static void pool(const ek_pool2d_s8_t *p, const int8_t *x, int32_t rows, int32_t columns,
                 mve_pred16_t lanes, int8_t *output)
{
    int8x16_t largest = vdupq_n_s8((int8_t)p->act_min);
    for (int32_t i = 0; i < rows; i++) {
        const int8_t *tap = x + i * p->input_w * p->channels;
        for (int32_t j = 0; j < columns; j++) {
            largest = vmaxq_s8(largest, vldrbq_z_s8(tap, lanes));
            tap += p->channels;
        }
    }
    vstrbq_p_s8(output, vminq_s8(largest, vdupq_n_s8((int8_t)p->act_max)), lanes);
}

/* All channels of the window that starts at (h, w). */
static void pool_window(const ek_pool2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                        int8_t *output)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    input += ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels;
    for (int32_t c = 0; c < p->channels; c += 16) {
        pool(p, input + c, rows.end - rows.begin, columns.end - columns.begin,
             vctp8q((uint32_t)(p->channels - c)), output + c);
    }
}

void ek_max_pool2d_s8__mve(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++) {
                pool_window(p, input, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left,
                            output);
                output += p->channels;
            }
        }
        input += p->input_h * p->input_w * p->channels;
    }
}
