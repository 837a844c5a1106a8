/* fuzz_reduction.c - pools look at every tap and skip those outside; mean visits every element. */
#include "fuzz.h"

static ek_pool2d_s8_t random_pool(void)
{
    ek_pool2d_s8_t p;
    p.batches = fuzz_int(1, 2);
    p.channels = fuzz_int(1, 5);
    p.input_h = fuzz_int(1, 7);
    p.input_w = fuzz_int(1, 7);
    p.kernel_h = fuzz_int(1, 4);
    p.kernel_w = fuzz_int(1, 4);
    p.stride_h = fuzz_int(1, 3);
    p.stride_w = fuzz_int(1, 3);
    p.pad_top = fuzz_int(0, p.kernel_h - 1);
    p.pad_left = fuzz_int(0, p.kernel_w - 1);
    /* every window keeps at least one tap inside */
    p.output_h = (p.input_h + p.pad_top - 1) / p.stride_h + 1;
    p.output_w = (p.input_w + p.pad_left - 1) / p.stride_w + 1;
    fuzz_range(&p.act_min, &p.act_max);
    return p;
}

static void naive_pool(const ek_pool2d_s8_t *p, const int8_t *x, int32_t at[4], int64_t *sum,
                       int64_t *count, int64_t *largest)
{
    *sum = *count = 0;
    *largest = -128;
    for (int32_t i = 0; i < p->kernel_h * p->kernel_w; i++) {
        const int32_t h = at[1] * p->stride_h - p->pad_top + i / p->kernel_w;
        const int32_t w = at[2] * p->stride_w - p->pad_left + i % p->kernel_w;
        if (h < 0 || h >= p->input_h || w < 0 || w >= p->input_w) continue;
        const int8_t v = x[((at[0] * p->input_h + h) * p->input_w + w) * p->channels + at[3]];
        *sum += v;
        *count += 1;
        if (v > *largest) *largest = v;
    }
}

static void fuzz_pool(int average)
{
    const ek_pool2d_s8_t p = random_pool();
    const int32_t outputs = p.batches * p.output_h * p.output_w * p.channels;
    const int8_t *x = fuzz_s8(p.batches * p.input_h * p.input_w * p.channels);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    (average ? ek_average_pool2d_s8__ref : ek_max_pool2d_s8__ref)(&p, x, found);
    for (int32_t i = 0; i < outputs; i++) {
        const int32_t pixel = i / p.channels, row = pixel / p.output_w;
        int32_t at[4] = {row / p.output_h, row % p.output_h, pixel % p.output_w, i % p.channels};
        int64_t sum, count, largest;
        naive_pool(&p, x, at, &sum, &count, &largest);
        const int64_t value = average ? naive_divide_half_away(sum, count) : largest;
        expected[i] = naive_clamp(value, p.act_min, p.act_max);
    }
    fuzz_compare(found, expected, outputs);
}

void fuzz_average_pool2d(void) { fuzz_pool(1); }

void fuzz_max_pool2d(void) { fuzz_pool(0); }

/* Index of the output that element `i` of the input is summed into. */
static int32_t target(const ek_mean_s8_t *p, int32_t i)
{
    int32_t index = 0, scale = 1;
    for (int axis = 3; axis >= 0; axis--) {
        const int32_t position = i % p->extent[axis];
        i /= p->extent[axis];
        if (p->reduce[axis]) continue;
        index += position * scale;
        scale *= p->extent[axis];
    }
    return index;
}

void fuzz_mean(void)
{
    ek_mean_s8_t p;
    int32_t inputs = 1, outputs = 1;
    p.input_zero = fuzz_zero();
    p.output_zero = fuzz_zero();
    for (int axis = 0; axis < 4; axis++) {
        p.extent[axis] = fuzz_int(1, 5);
        p.reduce[axis] = fuzz_int(0, 1);
        inputs *= p.extent[axis];
        outputs *= p.reduce[axis] ? 1 : p.extent[axis];
    }
    p.q = fuzz_requant(256 * inputs / outputs);
    const int8_t *x = fuzz_s8(inputs);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    int64_t *sums = fuzz_alloc(outputs * (int32_t)sizeof *sums);
    ek_mean_s8__ref(&p, x, found);
    for (int32_t i = 0; i < outputs; i++) sums[i] = 0;
    for (int32_t i = 0; i < inputs; i++) sums[target(&p, i)] += x[i] - p.input_zero;
    for (int32_t i = 0; i < outputs; i++) {
        expected[i] = naive_finish(sums[i], p.q, p.output_zero, -128, 127);
    }
    fuzz_compare(found, expected, outputs);
}

static ek_running_rows_t random_rows(void)
{
    ek_running_rows_t r;
    r.before = fuzz_int(0, 4);
    r.kept = fuzz_int(0, 9);
    r.moved = fuzz_int(0, r.kept + 1);
    r.after = fuzz_int(r.before + r.kept + r.moved == 0, 4);
    r.channels = fuzz_int(1, 9);
    return r;
}

/* The sum of a channel over rows. */
static int64_t naive_sum(const int8_t *x, int32_t rows, int32_t channels, int32_t c)
{
    int64_t sum = 0;
    for (int32_t row = 0; row < rows; row++) sum += x[row * channels + c];
    return sum;
}

/* Two calls in a row, each against the sum over all its rows. */
static void fuzz_running(int average)
{
    const ek_running_rows_t r = random_rows();
    const int32_t channels = r.channels, size = r.kept + r.moved + r.after;
    const int32_t rows = r.before + size;
    ek_running_mean_s8_t mean = {.rows = r, .input_zero = fuzz_zero(), .output_zero = fuzz_zero()};
    ek_running_average_s8_t pool = {.rows = r};
    mean.q = fuzz_requant(256 * rows);
    fuzz_range(&pool.act_min, &pool.act_max);
    const int8_t *x = fuzz_s8((size + r.moved) * channels), *before = fuzz_s8(rows * channels);
    int32_t *sums = fuzz_alloc(channels * (int32_t)sizeof *sums);
    for (int32_t c = 0; c < channels; c++) sums[c] = (int32_t)naive_sum(x, r.kept, channels, c);
    for (int32_t call = 0; call < 2; call++) {
        const int8_t *window = x + call * r.moved * channels;
        int8_t *found = fuzz_alloc(channels), *expected = fuzz_alloc(channels);
        if (average) {
            ek_running_average_s8__ref(&pool, before, window, sums, found);
        } else {
            ek_running_mean_s8__ref(&mean, before, window, sums, found);
        }
        for (int32_t c = 0; c < channels; c++) {
            const int64_t sum = naive_sum(window, size, channels, c) +
                                naive_sum(before, r.before, channels, c);
            const int64_t centred = sum - (int64_t)rows * mean.input_zero;
            expected[c] = average ? naive_clamp(naive_divide_half_away(sum, rows), pool.act_min,
                                                pool.act_max)
                                  : naive_finish(centred, mean.q, mean.output_zero, -128, 127);
        }
        fuzz_compare(found, expected, channels);
    }
}

void fuzz_running_mean(void) { fuzz_running(0); }

void fuzz_running_average(void) { fuzz_running(1); }
