/* fuzz_convolution.c - naive convolutions read every tap through a function that knows the input. */
#include "fuzz.h"

/* What both convolutions share; depthwise has the same fields under its own type. */
typedef struct {
    int32_t size, output, taps, stride, dilation, pad;
} axis_t;

static axis_t random_axis(void)
{
    axis_t a;
    a.size = fuzz_int(1, 7);
    a.output = fuzz_int(1, 4);
    a.taps = fuzz_int(1, 3);
    a.stride = fuzz_int(1, 3);
    a.dilation = fuzz_int(1, 3);
    a.pad = fuzz_int(0, (a.taps - 1) * a.dilation + 1);
    return a;
}

static ek_requant_t *random_requants(int32_t count, int32_t terms)
{
    ek_requant_t *q = fuzz_alloc(count * (int32_t)sizeof *q);
    for (int32_t i = 0; i < count; i++) q[i] = fuzz_requant(8192 * terms);
    return q;
}

static int32_t *random_bias(int32_t count, int32_t terms)
{
    const int wild = fuzz_int(0, 19) == 0;
    int32_t *bias = fuzz_alloc(count * (int32_t)sizeof *bias);
    for (int32_t i = 0; i < count; i++) {
        bias[i] = wild ? fuzz_int(INT32_MIN, INT32_MAX) : fuzz_int(-8192 * terms, 8192 * terms);
    }
    return bias;
}

static int64_t tap(const ek_conv2d_s8_t *p, const int8_t *x, int32_t n, int32_t h, int32_t w,
                   int32_t c)
{
    if (h < 0 || h >= p->input_h || w < 0 || w >= p->input_w) return p->input_zero;
    return x[((n * p->input_h + h) * p->input_w + w) * p->input_c + c];
}

/* One output, over input channels first <= c < first + depth and weights at k[i][j][c * step]. */
static int64_t naive_sum(const ek_conv2d_s8_t *p, const int8_t *x, const int8_t *k, int32_t step,
                         const int32_t at[3], int32_t first, int32_t depth)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        for (int32_t j = 0; j < p->kernel_w; j++) {
            const int32_t h = at[1] * p->stride_h - p->pad_top + i * p->dilation_h;
            const int32_t w = at[2] * p->stride_w - p->pad_left + j * p->dilation_w;
            for (int32_t c = 0; c < depth; c++) {
                sum += tap(p, x, at[0], h, w, first + c) *
                       k[(i * p->kernel_w + j) * step + c];
            }
        }
    }
    return sum;
}

/* Calls `each` for every output position in order. `multiplier` is 0 for a full convolution. */
static void naive_conv(const ek_conv2d_s8_t *p, int32_t multiplier, const ek_requant_t *q,
                       const int8_t *x, const int8_t *k, const int32_t *bias, int8_t *y)
{
    const int32_t pixels = p->batches * p->output_h * p->output_w;
    for (int32_t i = 0; i < pixels * p->output_c; i++) {
        const int32_t o = i % p->output_c, pixel = i / p->output_c;
        const int32_t at[3] = {pixel / p->output_w / p->output_h, pixel / p->output_w % p->output_h,
                               pixel % p->output_w};
        const int32_t taps = p->kernel_h * p->kernel_w;
        const int64_t sum =
            multiplier ? naive_sum(p, x, k + o, p->output_c, at, o / multiplier, 1)
                       : naive_sum(p, x, k + o * taps * p->input_c, p->input_c, at, 0, p->input_c);
        y[i] = naive_finish(bias[o] + sum, q[o * p->q_step], p->output_zero, p->act_min,
                            p->act_max);
    }
}

static ek_conv2d_s8_t random_conv(int32_t input_c, int32_t output_c)
{
    const axis_t h = random_axis(), w = random_axis();
    ek_conv2d_s8_t p = {
        .input_h = h.size, .input_w = w.size, .input_c = input_c,
        .output_h = h.output, .output_w = w.output, .output_c = output_c,
        .kernel_h = h.taps, .kernel_w = w.taps,
        .stride_h = h.stride, .stride_w = w.stride,
        .dilation_h = h.dilation, .dilation_w = w.dilation,
        .pad_top = h.pad, .pad_left = w.pad,
    };
    p.batches = fuzz_int(1, 2);
    p.input_zero = fuzz_zero();
    p.output_zero = fuzz_zero();
    p.q_step = fuzz_int(0, 1);
    fuzz_range(&p.act_min, &p.act_max);
    return p;
}

void fuzz_conv2d(void)
{
    const int32_t input_c = fuzz_int(1, 5), output_c = fuzz_int(1, 4);
    const ek_conv2d_s8_t p = random_conv(input_c, output_c);
    const int32_t terms = p.kernel_h * p.kernel_w * p.input_c;
    const int32_t outputs = p.batches * p.output_h * p.output_w * p.output_c;
    const int8_t *x = fuzz_s8(p.batches * p.input_h * p.input_w * p.input_c);
    const int8_t *k = fuzz_s8(terms * p.output_c);
    const int32_t *bias = random_bias(p.output_c, terms);
    const ek_requant_t *q = random_requants(p.q_step ? p.output_c : 1, terms);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    ek_conv2d_s8__ref(&p, q, x, k, bias, found);
    naive_conv(&p, 0, q, x, k, bias, expected);
    fuzz_compare(found, expected, outputs);
}

void fuzz_depthwise_conv2d(void)
{
    /* many channels with one copy each, or few with many: both can exceed a kernel's block */
    const int copies = fuzz_int(0, 2) != 0;
    const int32_t input_c = fuzz_int(1, copies ? 4 : 20);
    const int32_t multiplier = copies ? fuzz_int(1, 9) : 1;
    const ek_conv2d_s8_t c = random_conv(input_c, input_c * multiplier);
    const ek_depthwise_conv2d_s8_t p = {
        .batches = c.batches,
        .input_h = c.input_h, .input_w = c.input_w, .input_c = c.input_c,
        .output_h = c.output_h, .output_w = c.output_w, .output_c = c.output_c,
        .kernel_h = c.kernel_h, .kernel_w = c.kernel_w,
        .stride_h = c.stride_h, .stride_w = c.stride_w,
        .dilation_h = c.dilation_h, .dilation_w = c.dilation_w,
        .pad_top = c.pad_top, .pad_left = c.pad_left,
        .depth_multiplier = multiplier,
        .input_zero = c.input_zero, .output_zero = c.output_zero,
        .act_min = c.act_min, .act_max = c.act_max,
        .q_step = c.q_step,
    };
    const int32_t terms = p.kernel_h * p.kernel_w;
    const int32_t outputs = p.batches * p.output_h * p.output_w * p.output_c;
    const int8_t *x = fuzz_s8(p.batches * p.input_h * p.input_w * p.input_c);
    const int8_t *k = fuzz_s8(terms * p.output_c);
    const int32_t *bias = random_bias(p.output_c, terms);
    const ek_requant_t *q = random_requants(p.q_step ? p.output_c : 1, terms);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    ek_depthwise_conv2d_s8__ref(&p, q, x, k, bias, found);
    naive_conv(&c, multiplier, q, x, k, bias, expected);
    fuzz_compare(found, expected, outputs);
}

void fuzz_fully_connected(void)
{
    ek_fully_connected_s8_t p;
    p.rows = fuzz_int(1, 3);
    p.input_c = fuzz_int(1, 40);
    p.output_c = fuzz_int(1, 8);
    p.output_zero = fuzz_zero();
    p.q_step = fuzz_int(0, 1);
    fuzz_range(&p.act_min, &p.act_max);
    const int8_t *x = fuzz_s8(p.rows * p.input_c), *w = fuzz_s8(p.output_c * p.input_c);
    const int32_t *bias = random_bias(p.output_c, p.input_c);
    const ek_requant_t *q = random_requants(p.q_step ? p.output_c : 1, p.input_c);
    int8_t *found = fuzz_alloc(p.rows * p.output_c), *expected = fuzz_alloc(p.rows * p.output_c);
    ek_fully_connected_s8__ref(&p, q, x, w, bias, found);
    for (int32_t i = 0; i < p.rows * p.output_c; i++) {
        const int32_t row = i / p.output_c, o = i % p.output_c;
        int64_t sum = bias[o];
        for (int32_t c = 0; c < p.input_c; c++) {
            sum += (int64_t)x[row * p.input_c + c] * w[o * p.input_c + c];
        }
        expected[i] = naive_finish(sum, q[o * p.q_step], p.output_zero, p.act_min, p.act_max);
    }
    fuzz_compare(found, expected, p.rows * p.output_c);
}
