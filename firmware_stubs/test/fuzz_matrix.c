/* fuzz_matrix.c - matrix products in 64 bits, and the index of the largest. */
#include "fuzz.h"

void fuzz_arg_max(void)
{
    const int32_t outer = fuzz_int(1, 4), count = fuzz_int(1, 9), inner = fuzz_int(1, 4);
    const ek_arg_max_s8_t p = {outer, count, inner};
    int8_t *x = fuzz_s8(outer * count * inner);
    for (int32_t i = 0; i < outer * count * inner; i++) x[i] = (int8_t)(x[i] / 32); /* ties */
    const int32_t outputs = outer * inner, bytes = outputs * (int32_t)sizeof(int32_t);
    int32_t *found = fuzz_alloc(bytes), *expected = fuzz_alloc(bytes);
    ek_arg_max_s8__ref(&p, x, found);
    for (int32_t i = 0; i < outputs; i++) {
        const int8_t *column = x + i / inner * count * inner + i % inner;
        int32_t best = count - 1;
        for (int32_t k = count - 1; k >= 0; k--) {
            if (column[k * inner] >= column[best * inner]) best = k;
        }
        expected[i] = best;
    }
    fuzz_compare(found, expected, bytes);
}

/* Strides of `rows` x `columns` matrices, transposed or not, either batch repeated or not. */
static int32_t random_matrices(const int32_t batch[2], int32_t rows, int32_t columns,
                               int32_t stride[4])
{
    const int32_t transposed = fuzz_int(0, 1);
    stride[2] = transposed ? 1 : columns;
    stride[3] = transposed ? rows : 1;
    int32_t count = rows * columns;
    for (int axis = 1; axis >= 0; axis--) {
        const int32_t repeated = fuzz_int(0, 2) == 0;
        stride[axis] = repeated ? 0 : count;
        count *= repeated ? 1 : batch[axis];
    }
    return count;
}

void fuzz_batch_matmul(void)
{
    ek_batch_matmul_s8_t p;
    for (int axis = 0; axis < 4; axis++) p.extent[axis] = fuzz_int(1, 3);
    p.inner = fuzz_int(1, 8);
    p.a_zero = fuzz_zero();
    p.b_zero = fuzz_zero();
    p.output_zero = fuzz_zero();
    p.q = fuzz_requant(1 << 15);
    const int32_t a_count = random_matrices(p.extent, p.extent[2], p.inner, p.a_stride);
    const int32_t b_count = random_matrices(p.extent, p.inner, p.extent[3], p.b_stride);
    const int8_t *a = fuzz_s8(a_count), *b = fuzz_s8(b_count);
    const int32_t outputs = p.extent[0] * p.extent[1] * p.extent[2] * p.extent[3];
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    ek_batch_matmul_s8__ref(&p, a, b, found);
    for (int32_t i = 0; i < outputs; i++) {
        int32_t at[4], rest = i;
        for (int axis = 3; axis >= 0; axis--) {
            at[axis] = rest % p.extent[axis];
            rest /= p.extent[axis];
        }
        const int32_t x = at[0] * p.a_stride[0] + at[1] * p.a_stride[1] + at[2] * p.a_stride[2];
        const int32_t y = at[0] * p.b_stride[0] + at[1] * p.b_stride[1] + at[3] * p.b_stride[3];
        int64_t sum = 0;
        for (int32_t k = 0; k < p.inner; k++) {
            sum += (int64_t)(a[x + k * p.a_stride[3]] - p.a_zero) *
                   (b[y + k * p.b_stride[2]] - p.b_zero);
        }
        expected[i] = naive_finish(sum, p.q, p.output_zero, INT8_MIN, INT8_MAX);
    }
    fuzz_compare(found, expected, outputs);
}
