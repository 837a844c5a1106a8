/* ek_lanes_bayer.h - as ek_unpack_bayer.h, four pixels at once, two at the edges.
 *
 * Every other pixel is green; the rest of a row has one colour, its own, and the third colour lies in
 * the rows above and below. Of four columns the even ones lie in the halves of one word and the odd
 * ones in those of another, so that a sum is two sums; a mean ends shifted as lanes are.
 */
#ifndef EK_LANES_BAYER_H
#define EK_LANES_BAYER_H

#include <string.h>

#include "ek_lanes.h"

/* A column's pixel, and the sum of those above and below it. */
typedef struct {
    uint32_t at, ends;
} ek_column_t;

static inline ek_column_t ek_bayer_column(ek_rows_t rows, uint32_t x)
{
    return (ek_column_t){rows.at[x], (uint32_t)rows.above[x] + rows.below[x]};
}

/* Pixels a and b between l and r; `own` is the place of the row's own colour, 0 or 2. */
static inline void ek_bayer_pair(ek_column_t l, ek_column_t a, ek_column_t b, ek_column_t r,
                                 uint32_t green_first, uint32_t own, uint32_t *lanes)
{
    if (green_first) {
        lanes[own] = ek_lanes_of((l.at + b.at + 1) >> 1, b.at);
        lanes[1] = ek_lanes_of(a.at, (a.at + r.at + b.ends + 2) >> 2);
        lanes[2 - own] = ek_lanes_of((a.ends + 1) >> 1, (a.ends + r.ends + 2) >> 2);
    } else {
        lanes[own] = ek_lanes_of(a.at, (a.at + r.at + 1) >> 1);
        lanes[1] = ek_lanes_of((l.at + b.at + a.ends + 2) >> 2, b.at);
        lanes[2 - own] = ek_lanes_of((l.ends + b.ends + 2) >> 2, (b.ends + 1) >> 1);
    }
}

/* Columns x and x + 2, and x + 1 and x + 3. */
typedef struct {
    ek_column_t even, odd;
} ek_columns_t;

static inline uint32_t ek_bayer_word(const uint8_t *from)
{
    uint32_t word;
    memcpy(&word, from, 4);
    return word;
}

static inline ek_columns_t ek_bayer_columns(ek_rows_t rows, uint32_t x)
{
    const uint32_t every_other = 0x00FF00FFu, at = ek_bayer_word(rows.at + x);
    const uint32_t above = ek_bayer_word(rows.above + x), below = ek_bayer_word(rows.below + x);
    return (ek_columns_t){
        {at & every_other, (above & every_other) + (below & every_other)},
        {at >> 8 & every_other, (above >> 8 & every_other) + (below >> 8 & every_other)}};
}

/* Rounded means of two and of four, shifted by EK_LANE_SHIFT: what is cut off are their fractions. */
static inline uint32_t ek_bayer_mean2(uint32_t sums)
{
    return (sums + 0x00010001u) << (EK_LANE_SHIFT - 1) & 0x7F807F80u;
}

static inline uint32_t ek_bayer_mean4(uint32_t sums)
{
    return (sums + 0x00020002u) << (EK_LANE_SHIFT - 2) & 0x7F807F80u;
}

/* A colour of the even and of the odd columns as lanes of two pairs. */
static inline void ek_bayer_store(uint32_t even, uint32_t odd, uint32_t *lanes)
{
    lanes[0] = (even & 0xFFFFu) | odd << 16;
    lanes[3] = even >> 16 | (odd & 0xFFFF0000u);
}

/* Four pixels between l and r. */
static inline void ek_bayer_quad(ek_column_t l, ek_columns_t c, ek_column_t r, uint32_t green_first,
                                 uint32_t own, uint32_t *lanes)
{
    const ek_column_t even = c.even, odd = c.odd;
    const uint32_t before = l.at | odd.at << 16, after = even.at >> 16 | r.at << 16;
    if (green_first) {
        const uint32_t ends_after = even.ends >> 16 | r.ends << 16;
        ek_bayer_store(ek_bayer_mean2(before + odd.at), odd.at << EK_LANE_SHIFT, lanes + own);
        ek_bayer_store(even.at << EK_LANE_SHIFT, ek_bayer_mean4(even.at + after + odd.ends),
                       lanes + 1);
        ek_bayer_store(ek_bayer_mean2(even.ends), ek_bayer_mean4(even.ends + ends_after),
                       lanes + 2 - own);
    } else {
        const uint32_t ends_before = l.ends | odd.ends << 16;
        ek_bayer_store(even.at << EK_LANE_SHIFT, ek_bayer_mean2(even.at + after), lanes + own);
        ek_bayer_store(ek_bayer_mean4(before + odd.at + even.ends), odd.at << EK_LANE_SHIFT,
                       lanes + 1);
        ek_bayer_store(ek_bayer_mean4(ends_before + odd.ends), ek_bayer_mean2(odd.ends),
                       lanes + 2 - own);
    }
}

/* `left` is even, the frame at least two pixels wide. At its right edge a pixel may stand alone:
 * the second of its lanes has no weight. Inlined, so that `green_first` is known in the loop. */
static inline __attribute__((always_inline)) void
ek_bayer_row_lanes(ek_rows_t rows, uint32_t width, uint32_t left, uint32_t columns,
                   uint32_t green_first, uint32_t own, uint32_t *lanes)
{
    const uint32_t end = left + columns;
    ek_column_t l = ek_bayer_column(rows, left > 0 ? left - 1 : 1);
    uint32_t x = left;
    for (; x + 4 <= end && x + 4 < width; x += 4, lanes += 6) {
        const ek_columns_t four = ek_bayer_columns(rows, x);
        ek_bayer_quad(l, four, ek_bayer_column(rows, x + 4), green_first, own, lanes);
        l = (ek_column_t){four.odd.at >> 16, four.odd.ends >> 16};
    }
    for (; x < end; x += 2, lanes += 3) {
        const ek_column_t a = ek_bayer_column(rows, x);
        const ek_column_t b = x + 1 < width ? ek_bayer_column(rows, x + 1) : l;
        const ek_column_t r = x + 2 < width ? ek_bayer_column(rows, x + 2) : a;
        ek_bayer_pair(l, a, b, r, green_first, own, lanes);
        l = b;
    }
}

/* `row`, `column`: where red lies in the two by two pattern. */
static inline void ek_bayer_lanes(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                                  uint32_t columns, uint32_t row, uint32_t column, uint32_t *lanes)
{
    const uint32_t red_row = (y & 1) == row, own = red_row ? 0 : 2;
    if (red_row == column) ek_bayer_row_lanes(*rows, width, left, columns, 1, own, lanes);
    else ek_bayer_row_lanes(*rows, width, left, columns, 0, own, lanes);
}

#endif
