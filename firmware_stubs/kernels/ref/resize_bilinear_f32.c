/* resize_bilinear_f32.c - four neighbours, weighted along either axis. */
#include <assert.h>

#include "ek_kernels_f32.h"

/* All outputs of a row, between two input rows. */
static float *blend_row(const ek_resize_bilinear_f32_t *p, const float *top, const float *bottom,
                        float down, const int16_t *columns, const float *across, float *output)
{
    const int32_t channels = p->channels;
    for (int32_t x = 0; x < p->output_w; x++) {
        const int32_t left = columns[2 * x] * channels, right = columns[2 * x + 1] * channels;
        const float near = 1.0f - across[x], far = across[x];
        assert(left >= 0 && right < p->input_w * channels);
        for (int32_t c = 0; c < channels; c++) {
            const float upper = top[left + c] * near + top[right + c] * far;
            const float lower = bottom[left + c] * near + bottom[right + c] * far;
            *output++ = upper * (1.0f - down) + lower * down;
        }
    }
    return output;
}

void ek_resize_bilinear_f32__ref(const ek_resize_bilinear_f32_t *p, const int16_t *rows,
                                 const int16_t *columns, const float *down, const float *across,
                                 const float *input, float *output)
{
    const int32_t row = p->input_w * p->channels;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            const int32_t first = rows[2 * y], second = rows[2 * y + 1];
            assert(first >= 0 && second < p->input_h);
            output = blend_row(p, input + first * row, input + second * row, down[y], columns,
                               across, output);
        }
        input += p->input_h * row;
    }
}
