/* fuzz_movement.c - pad, concat and copy: where every output byte comes from, one at a time. */
#include "fuzz.h"

void fuzz_pad(void)
{
    ek_pad_s8_t p = {.value = fuzz_zero()};
    int32_t inputs = 1, outputs = 1, wide[4];
    for (int axis = 0; axis < 4; axis++) {
        p.extent[axis] = fuzz_int(1, 3);
        p.before[axis] = fuzz_int(0, 2);
        p.after[axis] = fuzz_int(0, 2);
        wide[axis] = p.before[axis] + p.extent[axis] + p.after[axis];
        inputs *= p.extent[axis];
        outputs *= wide[axis];
    }
    const int8_t *x = fuzz_s8(inputs);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    ek_pad_s8__ref(&p, x, found);
    for (int32_t i = 0; i < outputs; i++) {
        int32_t rest = i, index = 0, scale = 1, inside = 1;
        for (int axis = 3; axis >= 0; axis--) {
            const int32_t position = rest % wide[axis] - p.before[axis];
            rest /= wide[axis];
            inside = inside && position >= 0 && position < p.extent[axis];
            index += position * scale;
            scale *= p.extent[axis];
        }
        expected[i] = inside ? x[index] : (int8_t)p.value;
    }
    fuzz_compare(found, expected, outputs);
}

void fuzz_concat(void)
{
    const int32_t rows = fuzz_int(1, 5), left = fuzz_int(1, 8), right = fuzz_int(1, 8);
    const int32_t width = left + right;
    const int8_t *a = fuzz_s8(rows * left), *b = fuzz_s8(rows * right);
    int8_t *found = fuzz_alloc(rows * width), *expected = fuzz_alloc(rows * width);
    const ek_concat_s8_t first = {rows, left, width, 0}, second = {rows, right, width, left};
    ek_concat_s8__ref(&first, a, found);
    ek_concat_s8__ref(&second, b, found);
    for (int32_t i = 0; i < rows * width; i++) {
        const int32_t row = i / width, column = i % width;
        expected[i] = column < left ? a[row * left + column] : b[row * right + column - left];
    }
    fuzz_compare(found, expected, rows * width);
}

void fuzz_copy(void)
{
    const int32_t count = fuzz_int(0, 60);
    const int8_t *x = fuzz_s8(count);
    int8_t *found = fuzz_alloc(count);
    ek_copy_s8__ref(count, x, found);
    fuzz_compare(found, x, count);
}
