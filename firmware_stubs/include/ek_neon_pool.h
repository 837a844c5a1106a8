/* ek_neon_pool.h - pooling, eight channels of one window at a time; the last eight overlap those
 * before where the channels are no multiple of eight. */
#ifndef EK_NEON_POOL_H
#define EK_NEON_POOL_H

#include "ek_neon.h"
#include "ek_window.h"

/* The taps of one window inside the input, from tap (0, 0); rows are `row` bytes apart, columns
 * `column`. */
typedef struct {
    const int8_t *at;
    int32_t rows, columns, row, column;
} ek_neon_patch_t;

/* Eight channels of a patch. */
typedef int8x8_t ek_neon_pool_t(ek_neon_patch_t patch);

static inline ek_neon_patch_t ek_neon_patch(const ek_pool2d_s8_t *p, const int8_t *input,
                                            int32_t h, int32_t w)
{
    const ek_span_t rows = ek_taps_inside(h, p->kernel_h, 1, p->input_h);
    const ek_span_t columns = ek_taps_inside(w, p->kernel_w, 1, p->input_w);
    const int32_t first = ((h + rows.begin) * p->input_w + w + columns.begin) * p->channels;
    return (ek_neon_patch_t){
        .at = input + first,
        .rows = rows.end - rows.begin,
        .columns = columns.end - columns.begin,
        .row = p->input_w * p->channels,
        .column = p->channels,
    };
}

static inline void ek_neon_pool(ek_neon_pool_t *pool, const ek_pool2d_s8_t *p, const int8_t *input,
                                int8_t *output)
{
    const int8x8_t low = vdup_n_s8((int8_t)p->act_min), high = vdup_n_s8((int8_t)p->act_max);
    const int32_t pixels = p->output_h * p->output_w, channels = p->channels;
    for (int32_t i = 0; i < p->batches * pixels; i++) {
        const int32_t y = i % pixels / p->output_w, x = i % p->output_w;
        const int8_t *image = input + i / pixels * p->input_h * p->input_w * channels;
        const ek_neon_patch_t patch = ek_neon_patch(p, image, y * p->stride_h - p->pad_top,
                                                    x * p->stride_w - p->pad_left);
        for (int32_t c = 0; c < channels; c += 8) {
            ek_neon_patch_t eight = patch;
            eight.at += ek_min(c, channels - 8);
            vst1_s8(output + ek_min(c, channels - 8),
                    vmin_s8(vmax_s8(pool(eight), low), high));
        }
        output += channels;
    }
}

#endif
