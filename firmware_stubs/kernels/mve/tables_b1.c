/* tables_b1.c - bits that differ, of a tile of pixels and 64 channels, by tables of five and six bits.
 *
 * weights: of every two words of a window and 32 channels 16 vectors. Byte n of a vector is channel n
 * in its lower nibble and channel 16 + n in its upper one; bits 0 to 3 of a nibble are four weights.
 * Fields are those of ek_mve_b1.h. Of the four fields of five bits of a word, four vectors have the
 * lower four bits of each and one the highest bit of all; after both words, of the two fields of six
 * bits of a word, two vectors have the lower four bits of each and one the upper two of both.
 */
#include <assert.h>
#include <stdbool.h>

#include "ek_mve_b1.h"

/* What a bit of the pattern adds to the count of differing ones: 1 where the weight is 0, else -1.
 * `twice` the weight is all that is set; `one` and `two` are that in every nibble. */
#define CHANGE(twice) twice = vsubq_u8(one, twice)

enum { APART = sizeof(ek_b1_record_t) / sizeof(uint32_t) };

/* Four rows of a table, STEP bytes apart. */
#define PUT(row) ek_mve_put4(table + 4 * (row) * STEP, y0, y1, y2, y3, STEP)

/* Sets a bit of the pattern, and the next four rows. */
#define SET(d, row)                                              \
    do {                                                         \
        y0 = vaddq_u8(y0, d), y1 = vaddq_u8(y1, d);              \
        y2 = vaddq_u8(y2, d), y3 = vaddq_u8(y3, d);              \
        PUT(row);                                                \
    } while (0)

/* Clears one. */
#define CLEAR(d, row)                                            \
    do {                                                         \
        y0 = vsubq_u8(y0, d), y1 = vsubq_u8(y1, d);              \
        y2 = vsubq_u8(y2, d), y3 = vsubq_u8(y3, d);              \
        PUT(row);                                                \
    } while (0)

/* The count of a pattern of zeros is the sum of the weights; `start` is added to it. */
static inline uint8x16_t zeros(uint8x16_t twice, uint8_t start)
{
    const uint8x16_t count = vshrq_n_u8(twice, 1);
    return start ? vaddq_u8(count, vdupq_n_u8(start)) : count;
}

/* All patterns of five bits; the highest is bit 0 of a nibble of `last`; `start` is added to each. */
static __attribute__((noinline)) void fill_five(uint8x16_t last, uint8x16_t one, uint8x16_t two,
                                                const uint8_t *planes, uint8_t start,
                                                uint8_t *table)
{
    enum { STEP = EK_MVE_B1_FIVES };
    const uint8x16_t own = vldrbq_u8(planes);
    uint8x16_t a = vandq_u8(vaddq_u8(own, own), two), b = vandq_u8(own, two);
    uint8x16_t c = vandq_u8(vshrq_n_u8(own, 1), two);
    uint8x16_t d = vandq_u8(vshrq_n_u8(own, 2), two);
    uint8x16_t e = vandq_u8(vaddq_u8(last, last), two);
    uint8x16_t y0 =
        zeros(vaddq_u8(vaddq_u8(vaddq_u8(a, b), vaddq_u8(c, d)), e), start);
    CHANGE(a), CHANGE(b), CHANGE(c), CHANGE(d), CHANGE(e);
    uint8x16_t y1 = vaddq_u8(y0, a), y2 = vaddq_u8(y0, b), y3 = vaddq_u8(y1, b);
    PUT(0);
    SET(c, 1);
    SET(d, 3);
    CLEAR(c, 2);
    SET(e, 6);
    SET(c, 7);
    CLEAR(d, 5);
    CLEAR(c, 4);
}

/* All patterns of six bits; the highest two are bits 0 and 1 of a nibble of `last`. */
static __attribute__((noinline)) void fill_six(uint8x16_t last, uint8x16_t one, uint8x16_t two,
                                               const uint8_t *planes, uint8_t start,
                                               uint8_t *table)
{
    enum { STEP = EK_MVE_B1_SIXES };
    const uint8x16_t own = vldrbq_u8(planes);
    uint8x16_t a = vandq_u8(vaddq_u8(own, own), two), b = vandq_u8(own, two);
    uint8x16_t c = vandq_u8(vshrq_n_u8(own, 1), two);
    uint8x16_t d = vandq_u8(vshrq_n_u8(own, 2), two);
    uint8x16_t e = vandq_u8(vaddq_u8(last, last), two), f = vandq_u8(last, two);
    const uint8x16_t four = vaddq_u8(vaddq_u8(a, b), vaddq_u8(c, d));
    uint8x16_t y0 = zeros(vaddq_u8(four, vaddq_u8(e, f)), start);
    CHANGE(a), CHANGE(b), CHANGE(c), CHANGE(d), CHANGE(e), CHANGE(f);
    uint8x16_t y1 = vaddq_u8(y0, a), y2 = vaddq_u8(y0, b), y3 = vaddq_u8(y1, b);
    PUT(0);
    SET(c, 1);
    SET(d, 3);
    CLEAR(c, 2);
    SET(e, 6);
    SET(c, 7);
    CLEAR(d, 5);
    CLEAR(c, 4);
    SET(f, 12);
    SET(c, 13);
    SET(d, 15);
    CLEAR(c, 14);
    CLEAR(e, 10);
    SET(c, 11);
    CLEAR(d, 9);
    CLEAR(c, 8);
}

/* The twelve tables of 32 channels. Those whose entry comes first in a sum of nibbles, but for the
 * very first, are 8 lower in the upper nibble: its sums are signed. */
static void fill_tables(uint8x16_t one, uint8x16_t two, const uint8_t *planes, uint8_t *table)
{
    enum { VECTOR = 16, NEXT = 32, LOWER = 0x80 };
    uint8x16_t last = vldrbq_u8(planes + 4 * VECTOR);
    fill_five(last, one, two, planes, 0, table);
    fill_five(vshrq_n_u8(last, 1), one, two, planes + VECTOR, 0, table + NEXT);
    fill_five(vshrq_n_u8(last, 2), one, two, planes + 2 * VECTOR, 0, table + 2 * NEXT);
    fill_five(vshrq_n_u8(last, 3), one, two, planes + 3 * VECTOR, LOWER, table + 3 * NEXT);
    planes += 5 * VECTOR, table += 4 * NEXT, last = vldrbq_u8(planes + 4 * VECTOR);
    fill_five(last, one, two, planes, 0, table);
    fill_five(vshrq_n_u8(last, 1), one, two, planes + VECTOR, 0, table + NEXT);
    fill_five(vshrq_n_u8(last, 2), one, two, planes + 2 * VECTOR, LOWER, table + 2 * NEXT);
    fill_five(vshrq_n_u8(last, 3), one, two, planes + 3 * VECTOR, LOWER, table + 3 * NEXT);
    planes += 5 * VECTOR, table += EK_MVE_B1_HALF - 4 * NEXT;
    last = vldrbq_u8(planes + 2 * VECTOR);
    fill_six(last, one, two, planes, 0, table);
    fill_six(vshrq_n_u8(last, 2), one, two, planes + VECTOR, 0, table + NEXT);
    planes += 3 * VECTOR, table += 2 * NEXT, last = vldrbq_u8(planes + 2 * VECTOR);
    fill_six(last, one, two, planes, LOWER, table);
    fill_six(vshrq_n_u8(last, 2), one, two, planes + VECTOR, 0, table + NEXT);
}

/* How many of the places first, first + step, ... lie below `limit`. */
static inline int32_t below(int32_t limit, int32_t first, int32_t step)
{
    return limit > first ? (limit - first + step - 1) / step : 0;
}

static uint32_t *clear(int32_t count, int32_t words, uint32_t *to)
{
    for (; count > 0; count--, to += APART) {
        to[0] = 0;
        if (words == 2) to[1] = 0;
    }
    return to;
}

/* Word `word` of the window of every pixel, or that and the next, which is of the same tap; 0 outside
 * of the input and behind the window. */
static void gather(const ek_conv2d_b1_t *p, const uint32_t *input, int32_t first, int32_t pixels,
                   int32_t word, int32_t words, uint32_t *to)
{
    const int32_t own = p->group_words, tap = word / own, i = tap / p->kernel_w;
    const int32_t width = p->output_w, height = p->output_h, step = p->stride_w;
    const int32_t input_w = p->input_w, input_h = p->input_h, stride_h = p->stride_h;
    const int32_t left = tap % p->kernel_w * p->dilation_w - p->pad_left;
    const int32_t top = i < p->kernel_h ? i * p->dilation_h - p->pad_top : input_h;
    int32_t x = first % width, y = first / width % height;
    const uint32_t *image = input + first / width / height * input_h * input_w * own + word % own;
    while (pixels > 0) {
        const int32_t count = ek_min(pixels, width - x), w = x * step + left;
        const int32_t h = y * stride_h + top;
        const bool outside = h < 0 || h >= input_h;
        const int32_t before = outside ? count : ek_min(count, below(0, w, step));
        const int32_t inside = ek_min(count, below(input_w, w, step)) - before;
        to = clear(before, words, to);
        if (inside > 0) {
            const uint32_t *const from = image + (h * input_w + w + before * step) * own;
            if (words == 2) ek_mve_spread_pairs(from, 4 * step * own, inside, to);
            else ek_mve_spread(from, 4 * step * own, inside, to);
            to += inside * APART;
            to = clear(count - before - inside, words, to);
        } else {
            to = clear(count - before, words, to);
        }
        pixels -= count;
        x = 0;
        if (++y == height) y = 0, image += input_h * input_w * own;
    }
}

void ek_tables_b1__mve(const ek_conv2d_b1_t *p, const uint32_t *input, const uint8_t *weights,
                       int32_t first, int32_t pixels, int32_t rows, uint8_t *tables,
                       ek_b1_record_t *records)
{
    assert(p->groups == 1 && p->pad_ones && pixels > 0);
    const int32_t words = p->kernel_h * p->kernel_w * p->group_words;
    const int32_t together = p->group_words % 2 ? 1 : 2;
    const uint8x16_t one = ek_mve_bytes(0x11), two = ek_mve_bytes(0x22);
    ek_mve_clear(records, pixels);
    for (int32_t word = 0; word < words; word += 2) {
        for (int32_t row = 0; row < rows; row++, weights += EK_MVE_B1_PLANES) {
            fill_tables(one, two, weights, tables + 16 * row);
        }
        gather(p, input, first, pixels, word, together, &records->x[0]);
        if (together == 1) gather(p, input, first, pixels, word + 1, 1, &records->x[1]);
        if (rows == 2) ek_mve_count_64(tables, records, pixels);
        else ek_mve_count_32(tables, records, pixels);
    }
}
