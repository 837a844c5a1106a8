/* resize_bilinear_s8.c - the four products of row and column weights are made once for a pixel, whose
 * channels then go by four at a time.
 *
 * Division by 2^20 with halves away from zero is a rounding shift once negative sums are lowered by
 * one.
 */
#include "ek_mve.h"

enum { ONE = 1 << 10, BITS = 20 };

static void blend(const int32_t weights[4], const int8_t *top, const int8_t *bottom, int32_t next,
                  int32_t channels, int8_t *y)
{
    for (int32_t c = 0; c < channels; c += 4, top += 4, bottom += 4, y += 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)(channels - c));
        int32x4_t total = vmulq_n_s32(vldrbq_z_s32(top, lanes), weights[0]);
        total = vmlaq_n_s32(total, vldrbq_z_s32(top + next, lanes), weights[1]);
        total = vmlaq_n_s32(total, vldrbq_z_s32(bottom, lanes), weights[2]);
        total = vmlaq_n_s32(total, vldrbq_z_s32(bottom + next, lanes), weights[3]);
        total = vaddq_s32(total, vshrq_n_s32(total, 31));
        vstrbq_p_s32(y, vrshrq_n_s32(total, BITS), lanes);
    }
}

/* One row of outputs between the input rows at `top` and `bottom`. */
static void resize_row(const ek_resize_bilinear_s8_t *p, const int16_t *columns, const int8_t *top,
                       const int8_t *bottom, int32_t down, int8_t *y)
{
    for (int32_t x = p->output_w; x > 0; x--, columns += 3, y += p->channels) {
        const int32_t next = (columns[1] - columns[0]) * p->channels; /* from left to right */
        const int32_t second = columns[2], first = ONE - second;
        const int32_t weights[4] = {first * (ONE - down), second * (ONE - down), first * down,
                                    second * down};
        const int32_t left = columns[0] * p->channels;
        blend(weights, top + left, bottom + left, next, p->channels, y);
    }
}

void ek_resize_bilinear_s8__mve(const ek_resize_bilinear_s8_t *p, const int16_t *rows,
                                const int16_t *columns, const int8_t *input, int8_t *output)
{
    const int32_t input_row = p->input_w * p->channels, output_row = p->output_w * p->channels;
    for (int32_t batch = 0; batch < p->batches; batch++, input += p->input_h * input_row) {
        for (int32_t y = 0; y < p->output_h; y++, output += output_row) {
            const int16_t *row = rows + 3 * y;
            resize_row(p, columns, input + row[0] * input_row, input + row[1] * input_row, row[2],
                       output);
        }
    }
}
