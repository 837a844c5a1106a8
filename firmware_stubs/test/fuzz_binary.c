/* fuzz_binary.c - add, sub, mul, prelu, maximum and minimum: where each output's operands lie. */
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

static int64_t scaled_a(const ek_binary_s8_t *p, int64_t a)
{
    return naive_requant((a - p->a_zero) * (INT64_C(1) << p->left_shift), p->a_q);
}

static int64_t scaled_b(const ek_binary_s8_t *p, int64_t b)
{
    return naive_requant((b - p->b_zero) * (INT64_C(1) << p->left_shift), p->b_q);
}

static int8_t finish(const ek_binary_s8_t *p, int64_t x)
{
    return naive_finish(x, p->output_q, p->output_zero, p->act_min, p->act_max);
}

static int8_t naive_add(const ek_binary_s8_t *p, int64_t a, int64_t b)
{
    return finish(p, scaled_a(p, a) + scaled_b(p, b));
}

static int8_t naive_sub(const ek_binary_s8_t *p, int64_t a, int64_t b)
{
    return finish(p, scaled_a(p, a) - scaled_b(p, b));
}

static int8_t naive_mul(const ek_binary_s8_t *p, int64_t a, int64_t b)
{
    return finish(p, (a - p->a_zero) * (b - p->b_zero));
}

static int8_t naive_prelu(const ek_binary_s8_t *p, int64_t a, int64_t b)
{
    if (a < p->a_zero) return naive_mul(p, a, b);
    return naive_finish(a - p->a_zero, p->a_q, p->output_zero, p->act_min, p->act_max);
}

typedef void kernel_t(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
typedef int8_t naive_t(const ek_binary_s8_t *p, int64_t a, int64_t b);

/* `magnitude` is that of what output_q brings into int8. */
static void fuzz_binary(kernel_t *kernel, naive_t *naive, int32_t left_shift, int32_t magnitude)
{
    ek_binary_s8_t p;
    int32_t a_count, b_count;
    p.a_zero = fuzz_zero();
    p.b_zero = fuzz_zero();
    p.output_zero = fuzz_zero();
    const int32_t outputs = random_broadcast(&p, &a_count, &b_count);
    p.left_shift = left_shift;
    p.a_q = fuzz_requant(1 << 8);
    p.b_q = fuzz_requant(1 << 10);
    p.output_q = fuzz_requant(magnitude);
    fuzz_range(&p.act_min, &p.act_max);
    const int8_t *a = fuzz_s8(a_count), *b = fuzz_s8(b_count);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    kernel(&p, a, b, found);
    for (int32_t i = 0; i < outputs; i++) {
        const int64_t x = a[operand_index(p.extent, p.a_stride, i)];
        const int64_t y = b[operand_index(p.extent, p.b_stride, i)];
        expected[i] = naive(&p, x, y);
    }
    fuzz_compare(found, expected, outputs);
}

void fuzz_add(void) { fuzz_binary(ek_add_s8__ref, naive_add, 20, 1 << 28); }

void fuzz_sub(void) { fuzz_binary(ek_sub_s8__ref, naive_sub, 20, 1 << 28); }

void fuzz_mul(void) { fuzz_binary(ek_mul_s8__ref, naive_mul, 0, 1 << 14); }

void fuzz_prelu(void) { fuzz_binary(ek_prelu_s8__ref, naive_prelu, 0, 1 << 14); }

static void fuzz_choice(int larger)
{
    ek_binary_s8_t wide;
    ek_choice_s8_t p;
    int32_t a_count, b_count;
    const int32_t outputs = random_broadcast(&wide, &a_count, &b_count);
    for (int axis = 0; axis < 4; axis++) {
        p.extent[axis] = wide.extent[axis];
        p.a_stride[axis] = wide.a_stride[axis];
        p.b_stride[axis] = wide.b_stride[axis];
    }
    const int8_t *a = fuzz_s8(a_count), *b = fuzz_s8(b_count);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    (larger ? ek_maximum_s8__ref : ek_minimum_s8__ref)(&p, a, b, found);
    for (int32_t i = 0; i < outputs; i++) {
        const int8_t x = a[operand_index(p.extent, p.a_stride, i)];
        const int8_t y = b[operand_index(p.extent, p.b_stride, i)];
        expected[i] = (x > y) == larger ? x : y;
    }
    fuzz_compare(found, expected, outputs);
}

void fuzz_maximum(void) { fuzz_choice(1); }

void fuzz_minimum(void) { fuzz_choice(0); }
