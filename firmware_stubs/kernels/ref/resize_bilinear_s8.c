/* resize_bilinear_s8.c - four neighbours, weighted in 1/1024 along either axis, rounded once. */
#include <assert.h>

#include "ek_kernels.h"

enum { ONE = 1 << 10 };

static const int32_t half = INT32_C(1) << 19, whole = INT32_C(1) << 20;

/* The two neighbours along an axis, in elements from its start, and the weight of the second. */
typedef struct {
    int32_t first, second, weight;
} place_t;

static place_t place(const int16_t *entry, int32_t size, int32_t stride)
{
    assert(entry[0] >= 0 && entry[0] < size && entry[1] >= 0 && entry[1] < size);
    (void)size;
    const place_t found = {entry[0] * stride, entry[1] * stride, entry[2]};
    return found;
}

static int8_t blend(const int8_t *top, const int8_t *bottom, int32_t down, place_t column)
{
    const int32_t right = column.weight, left = ONE - right;
    const int32_t upper = top[column.first] * left + top[column.second] * right;
    const int32_t lower = bottom[column.first] * left + bottom[column.second] * right;
    const int32_t total = upper * (ONE - down) + lower * down;
    return (int8_t)((total + (total > 0 ? half : -half)) / whole);
}

void ek_resize_bilinear_s8__ref(const ek_resize_bilinear_s8_t *p, const int16_t *rows,
                                const int16_t *columns, const int8_t *input, int8_t *output)
{
    const int32_t row_bytes = p->input_w * p->channels;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t y = 0; y < p->output_h; y++) {
            const place_t row = place(rows + 3 * y, p->input_h, row_bytes);
            for (int32_t x = 0; x < p->output_w; x++) {
                const place_t column = place(columns + 3 * x, p->input_w, p->channels);
                for (int32_t c = 0; c < p->channels; c++) {
                    *output++ =
                        blend(input + row.first + c, input + row.second + c, row.weight, column);
                }
            }
        }
        input += p->input_h * row_bytes;
    }
}
