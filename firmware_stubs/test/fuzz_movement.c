/* fuzz_movement.c - pad, concat, copies and take: where every output byte comes from, one at a time. */
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

/* Down within one array, by less than its length and by more. */
void fuzz_move(void)
{
    const int32_t count = fuzz_int(0, 60), from = fuzz_int(0, 40);
    const int8_t *x = fuzz_s8(from + count);
    int8_t *found = fuzz_alloc(from + count), *expected = fuzz_alloc(from + count);
    for (int32_t i = 0; i < from + count; i++) {
        found[i] = x[i];
        expected[i] = i < count ? x[i + from] : x[i];
    }
    ek_move_s8__ref(count, found + from, found);
    fuzz_compare(found, expected, from + count);
}

/* The window moves on by at most as many bytes as are added. */
void fuzz_shift(void)
{
    const int32_t kept = fuzz_int(0, 50), added = fuzz_int(0, 40), shift = fuzz_int(0, added);
    const int8_t *x = fuzz_s8(added), *before = fuzz_s8(kept + added);
    int8_t *found = fuzz_alloc(kept + added), *expected = fuzz_alloc(kept + added);
    for (int32_t i = 0; i < kept + added; i++) {
        found[i] = before[i];
        expected[i] = i < kept ? before[i + shift] : x[i - kept];
    }
    ek_shift_s8__ref(shift, kept, added, x, found);
    fuzz_compare(found, expected, kept + added);
}

/* A shuffled, stepped, repeated or reversed view of an input of just the size that it reaches. */
void fuzz_strided_copy(void)
{
    ek_strided_copy_s8_t p = {.offset = 0};
    int32_t reach = 1, outputs = 1;
    const int32_t rotate = fuzz_int(0, 3);
    for (int i = 0; i < 4; i++) {
        const int axis = (i + rotate) % 4;
        const int32_t kind = fuzz_int(0, 4), step = fuzz_int(1, 2), n = fuzz_int(1, 4);
        p.extent[axis] = n;
        p.stride[axis] = kind == 0 ? 0 : kind == 1 ? -reach * step : reach * step;
        if (kind == 1) p.offset += (n - 1) * reach * step;
        if (kind != 0) reach *= (n - 1) * step + 1;
        outputs *= n;
    }
    const int8_t *x = fuzz_s8(reach);
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    ek_strided_copy_s8__ref(&p, x, found);
    for (int32_t i = 0; i < outputs; i++) {
        int32_t rest = i, index = p.offset;
        for (int axis = 3; axis >= 0; axis--) {
            index += rest % p.extent[axis] * p.stride[axis];
            rest /= p.extent[axis];
        }
        expected[i] = x[index];
    }
    fuzz_compare(found, expected, outputs);
}

void fuzz_take(void)
{
    const int32_t rows = fuzz_int(1, 4), from = fuzz_int(1, 5), to = fuzz_int(1, 7);
    const ek_take_s8_t p = {rows, from, to, fuzz_int(1, 6)};
    int32_t *index = fuzz_alloc(to * (int32_t)sizeof *index);
    for (int32_t i = 0; i < to; i++) index[i] = fuzz_int(0, from - 1);
    const int8_t *x = fuzz_s8(rows * from * p.run);
    const int32_t outputs = rows * to * p.run;
    int8_t *found = fuzz_alloc(outputs), *expected = fuzz_alloc(outputs);
    ek_take_s8__ref(&p, index, x, found);
    for (int32_t i = 0; i < outputs; i++) {
        const int32_t row = i / (to * p.run), slice = i / p.run % to;
        expected[i] = x[(row * from + index[slice]) * p.run + i % p.run];
    }
    fuzz_compare(found, expected, outputs);
}
