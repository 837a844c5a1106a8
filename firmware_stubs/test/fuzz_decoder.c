/* fuzz_decoder.c - bilinear resize in 64 bits; transposed convolution from the input's side. */
#include "fuzz.h"

/* Entries as a converter makes them: neighbours, or one index with any fraction. */
static int16_t *random_places(int32_t count, int32_t size)
{
    int16_t *entries = fuzz_alloc(3 * count * (int32_t)sizeof *entries);
    for (int32_t i = 0; i < count; i++) {
        const int32_t lower = fuzz_int(0, size - 1), next = fuzz_int(0, 1);
        const int32_t upper = lower + next < size ? lower + next : lower;
        entries[3 * i] = (int16_t)lower;
        entries[3 * i + 1] = (int16_t)upper;
        entries[3 * i + 2] = (int16_t)fuzz_int(upper > lower ? 0 : -512, 1023);
    }
    return entries;
}

static int64_t weight(const int16_t *entry, int which)
{
    return which ? entry[2] : 1024 - entry[2];
}

void fuzz_resize_bilinear(void)
{
    ek_resize_bilinear_s8_t p;
    p.batches = fuzz_int(1, 2);
    p.input_h = fuzz_int(1, 4);
    p.input_w = fuzz_int(1, 4);
    p.channels = fuzz_int(1, 5);
    p.output_h = fuzz_int(1, 6);
    p.output_w = fuzz_int(1, 6);
    const int16_t *rows = random_places(p.output_h, p.input_h);
    const int16_t *columns = random_places(p.output_w, p.input_w);
    const int32_t image = p.input_h * p.input_w * p.channels;
    const int32_t outputs = p.batches * p.output_h * p.output_w * p.channels;
    const int8_t *x = fuzz_s8(p.batches * image);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    ek_resize_bilinear_s8__ref(&p, rows, columns, x, found);
    for (int32_t i = 0; i < outputs; i++) {
        const int32_t c = i % p.channels, pixel = i / p.channels;
        const int16_t *column = columns + 3 * (pixel % p.output_w);
        const int16_t *row = rows + 3 * (pixel / p.output_w % p.output_h);
        const int32_t batch = pixel / p.output_w / p.output_h;
        int64_t total = 0;
        for (int k = 0; k < 4; k++) {
            const int32_t at = (row[k / 2] * p.input_w + column[k % 2]) * p.channels + c;
            total += x[batch * image + at] * weight(row, k / 2) * weight(column, k % 2);
        }
        expected[i] = (int8_t)naive_divide_half_away(total, 1 << 20);
    }
    fuzz_compare(found, expected, outputs);
}

static ek_transpose_conv2d_s8_t random_transposed(void)
{
    ek_transpose_conv2d_s8_t p;
    p.batches = fuzz_int(1, 2);
    p.input_h = fuzz_int(1, 4);
    p.input_w = fuzz_int(1, 4);
    p.input_c = fuzz_int(1, 5);
    p.output_h = fuzz_int(1, 9);
    p.output_w = fuzz_int(1, 9);
    p.output_c = fuzz_int(1, 4);
    p.kernel_h = fuzz_int(1, 4);
    p.kernel_w = fuzz_int(1, 4);
    p.stride_h = fuzz_int(1, 3);
    p.stride_w = fuzz_int(1, 3);
    p.pad_top = fuzz_int(0, 2);
    p.pad_left = fuzz_int(0, 2);
    p.input_zero = fuzz_zero();
    p.output_zero = fuzz_zero();
    fuzz_range(&p.act_min, &p.act_max);
    p.q_step = fuzz_int(0, 1);
    return p;
}

static int64_t naive_taps(const ek_transpose_conv2d_s8_t *p, const int8_t *x, const int8_t *w,
                          int32_t y_row, int32_t y_column)
{
    int64_t sum = 0;
    for (int32_t h = 0; h < p->input_h; h++) {
        for (int32_t v = 0; v < p->input_w; v++) {
            const int32_t i = y_row + p->pad_top - h * p->stride_h;
            const int32_t j = y_column + p->pad_left - v * p->stride_w;
            if (i < 0 || i >= p->kernel_h || j < 0 || j >= p->kernel_w) continue;
            for (int32_t c = 0; c < p->input_c; c++) {
                sum += (x[(h * p->input_w + v) * p->input_c + c] - p->input_zero) *
                       w[(i * p->kernel_w + j) * p->input_c + c];
            }
        }
    }
    return sum;
}

void fuzz_transpose_conv2d(void)
{
    const ek_transpose_conv2d_s8_t p = random_transposed();
    const int32_t kernel = p.kernel_h * p.kernel_w * p.input_c;
    const int32_t image = p.input_h * p.input_w * p.input_c;
    const int32_t outputs = p.batches * p.output_h * p.output_w * p.output_c;
    const int8_t *x = fuzz_s8(p.batches * image), *w = fuzz_s8(p.output_c * kernel);
    int32_t *bias = fuzz_alloc(p.output_c * (int32_t)sizeof *bias);
    ek_requant_t *q = fuzz_alloc(p.output_c * (int32_t)sizeof *q);
    for (int32_t o = 0; o < p.output_c; o++) {
        bias[o] = fuzz_int(-5000, 5000);
        q[o] = fuzz_requant(1 << 14);
    }
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    ek_transpose_conv2d_s8__ref(&p, q, x, w, bias, found);
    for (int32_t i = 0; i < outputs; i++) {
        const int32_t o = i % p.output_c, pixel = i / p.output_c;
        const int32_t column = pixel % p.output_w, row = pixel / p.output_w % p.output_h;
        const int8_t *from = x + pixel / p.output_w / p.output_h * image;
        const int64_t sum = bias[o] + naive_taps(&p, from, w + o * kernel, row, column);
        expected[i] = naive_finish(sum, q[o * p.q_step], p.output_zero, p.act_min, p.act_max);
    }
    fuzz_compare(found, expected, outputs);
}
