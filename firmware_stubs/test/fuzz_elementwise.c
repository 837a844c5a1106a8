/* fuzz_elementwise.c - add, mul, lut, quantize, dequantize and softmax, element by element. */
#include <math.h>

#include "fuzz.h"

/* Random extents and strides; returns the number of outputs, and of elements in each operand. */
static int32_t random_broadcast(ek_binary_s8_t *p, int32_t *a_count, int32_t *b_count)
{
    int32_t outputs = 1;
    *a_count = *b_count = 1;
    for (int axis = 3; axis >= 0; axis--) {
        const int32_t repeat = fuzz_int(0, 5), n = p->extent[axis] = fuzz_int(1, 4);
        p->a_stride[axis] = repeat == 0 ? 0 : *a_count;
        p->b_stride[axis] = repeat == 1 ? 0 : *b_count;
        *a_count *= repeat == 0 ? 1 : n;
        *b_count *= repeat == 1 ? 1 : n;
        outputs *= n;
    }
    return outputs;
}

static int32_t operand_index(const int32_t extent[4], const int32_t stride[4], int32_t i)
{
    int32_t index = 0;
    for (int axis = 3; axis >= 0; axis--) {
        index += i % extent[axis] * stride[axis];
        i /= extent[axis];
    }
    return index;
}

static int64_t naive_sum(const ek_binary_s8_t *p, int64_t a, int64_t b)
{
    const int64_t up = INT64_C(1) << p->left_shift;
    return naive_requant((a - p->a_zero) * up, p->a_q) +
           naive_requant((b - p->b_zero) * up, p->b_q);
}

static int64_t naive_product(const ek_binary_s8_t *p, int64_t a, int64_t b)
{
    return (a - p->a_zero) * (b - p->b_zero);
}

static void fuzz_binary(int adding)
{
    ek_binary_s8_t p;
    int32_t a_count, b_count;
    p.a_zero = fuzz_zero();
    p.b_zero = fuzz_zero();
    p.output_zero = fuzz_zero();
    const int32_t outputs = random_broadcast(&p, &a_count, &b_count);
    p.left_shift = 20;
    p.a_q = fuzz_requant(1 << 8);
    p.b_q = fuzz_requant(1 << 10);
    p.output_q = fuzz_requant(adding ? 1 << 28 : 1 << 14);
    fuzz_range(&p.act_min, &p.act_max);
    const int8_t *a = fuzz_s8(a_count), *b = fuzz_s8(b_count);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    (adding ? ek_add_s8__ref : ek_mul_s8__ref)(&p, a, b, found);
    for (int32_t i = 0; i < outputs; i++) {
        const int64_t x = a[operand_index(p.extent, p.a_stride, i)];
        const int64_t y = b[operand_index(p.extent, p.b_stride, i)];
        const int64_t value = adding ? naive_sum(&p, x, y) : naive_product(&p, x, y);
        expected[i] = naive_finish(value, p.output_q, p.output_zero, p.act_min, p.act_max);
    }
    fuzz_compare(found, expected, outputs);
}

void fuzz_add(void) { fuzz_binary(1); }

void fuzz_mul(void) { fuzz_binary(0); }

void fuzz_lut(void)
{
    const int32_t count = fuzz_int(0, 40);
    const int8_t *table = fuzz_s8(256), *x = fuzz_s8(count);
    int8_t *found = fuzz_alloc(count), *expected = fuzz_alloc(count);
    ek_lut_s8__ref(count, table, x, found);
    for (int32_t i = 0; i < count; i++) expected[i] = (table + 128)[x[i]];
    fuzz_compare(found, expected, count);
}

void fuzz_quantize(void)
{
    const int32_t count = fuzz_int(0, 40), zero = fuzz_zero();
    const float scale = (float)fuzz_int(1, 4096) / 2048.0f;
    float *x = fuzz_alloc(count * (int32_t)sizeof *x);
    /* halves of the scale give ties; the rest reach beyond what an int32 holds */
    for (int32_t i = 0; i < count; i++) {
        const int32_t halves = fuzz_int(-600, 600), exponent = fuzz_int(-8, 40);
        x[i] = i % 3 ? (float)halves * 0.5f * scale : ldexpf((float)halves, exponent);
    }
    int8_t *found = fuzz_alloc(count), *expected = fuzz_alloc(count);
    ek_quantize_f32_s8__ref(count, scale, zero, x, found);
    for (int32_t i = 0; i < count; i++) {
        const float rounded = roundf(x[i] / scale) + (float)zero;
        expected[i] = (int8_t)fminf(127.0f, fmaxf(-128.0f, rounded));
    }
    fuzz_compare(found, expected, count);
}

void fuzz_dequantize(void)
{
    const int32_t count = fuzz_int(0, 40), zero = fuzz_zero();
    const float scale = (float)fuzz_int(1, 1 << 24) / 8192.0f;
    const int8_t *x = fuzz_s8(count);
    const int32_t bytes = count * (int32_t)sizeof(float);
    float *found = fuzz_alloc(bytes), *expected = fuzz_alloc(bytes);
    ek_dequantize_s8_f32__ref(count, scale, zero, x, found);
    for (int32_t i = 0; i < count; i++) expected[i] = (float)((double)scale * (x[i] - zero));
    fuzz_compare(found, expected, bytes);
}

/* The real softmax is no bit-exact model: outputs may differ from it by one step, then count as
 * expected. Exactness is tested against the integer definition elsewhere, and by the checksum. */
void fuzz_softmax(void)
{
    ek_softmax_s8_t p;
    p.rows = fuzz_int(1, 2);
    p.depth = fuzz_int(1, 20);
    p.multiplier = fuzz_int(1 << 30, INT32_MAX);
    p.left_shift = fuzz_int(14, 26); /* scales from 2^-13 to 1 */
    p.diff_min = -(int32_t)((INT64_C(31) << 26) >> p.left_shift);
    const double scale = ldexp(p.multiplier, p.left_shift - 31 - 26);
    const int32_t count = p.rows * p.depth;
    const int8_t *x = fuzz_s8(count);
    int8_t *found = fuzz_alloc(count), *expected = fuzz_alloc(count);
    ek_softmax_s8__ref(&p, x, found);
    for (int32_t i = 0; i < count; i++) {
        const int8_t *row = x + i / p.depth * p.depth;
        double sum = 0.0; /* relative to this element, so that no maximum is needed */
        for (int32_t c = 0; c < p.depth; c++) sum += exp(scale * (row[c] - x[i]));
        const double exact = fmin(256.0 / sum - 128.0, 127.0);
        expected[i] = fabs(found[i] - exact) <= 1.0 ? found[i] : (int8_t)lround(exact);
    }
    fuzz_compare(found, expected, count);
}
