/* max_pool2d_s8.c - the largest of the window's taps inside the input, four channels in a word. */
#include <assert.h>

#include "ek_dsp.h"
#include "ek_kernels_dsp.h"
#include "ek_window.h"

/* The taps inside of one window: `rows` by `columns` pixels. */
typedef struct {
    const int8_t *first;
    int32_t rows, columns;
    int32_t row_size, pixel_size; /* bytes */
} patch_t;

/* The largest of up to four channels. */
EK_INLINE uint32_t max_patch(patch_t patch, int32_t channels)
{
    uint32_t largest = 0x80808080u;
    for (; patch.rows > 0; patch.rows--, patch.first += patch.row_size) {
        const int8_t *x = patch.first;
        for (int32_t j = patch.columns; j > 0; j--, x += patch.pixel_size) {
            const uint32_t four = channels >= 4 ? ek_load4(x) : ek_load_tail(x, channels);
            largest = ek_max_s8x4(largest, four);
        }
    }
    return largest;
}

/* All channels of the pixel whose window starts at (h, w). */
static void pool_window(const ek_pool2d_s8_t *p, const int8_t *input, int32_t h, int32_t w,
                        int8_t *y)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    patch_t patch = {
        .first = input + ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels,
        .rows = rows.end - rows.begin,
        .columns = columns.end - columns.begin,
        .row_size = p->input_w * p->channels,
        .pixel_size = p->channels,
    };
    int32_t left = p->channels;
    for (; left >= 4; left -= 4, patch.first += 4, y += 4) {
        const uint32_t largest = max_patch(patch, 4);
        memcpy(y, &largest, sizeof largest);
    }
    uint32_t rest = left > 0 ? max_patch(patch, left) : 0;
    for (; left > 0; left--, rest >>= 8) *y++ = (int8_t)rest;
}

void ek_max_pool2d_s8__dsp(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    int8_t *pixel = output;
    assert(p->stride_h > 0 && p->stride_w > 0);
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            for (int32_t x = 0; x < p->output_w; x++, pixel += p->channels) {
                pool_window(p, input, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left,
                            pixel);
            }
        }
        input += p->input_h * p->input_w * p->channels;
    }
    ek_clamp_s8__dsp(output, (int32_t)(pixel - output), p->act_min, p->act_max);
}
