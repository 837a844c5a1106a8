/* fuzz_elementwise.c - lut, quantize, dequantize and softmax, element by element. */
#include <math.h>

#include "fuzz.h"

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
