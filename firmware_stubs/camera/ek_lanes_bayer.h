/* ek_lanes_bayer.h - as ek_unpack_bayer.h, two pixels at once: one of them is green.
 *
 * The other one's colour is its row's own; the third colour lies in the rows above and below. Of four
 * columns each is read once: what is right of two pixels is left of the next two.
 */
#ifndef EK_LANES_BAYER_H
#define EK_LANES_BAYER_H

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

/* `left` is even, the frame at least two pixels wide. At its right edge a pixel may stand alone:
 * the second of its lanes has no weight. */
static inline void ek_bayer_row_lanes(ek_rows_t rows, uint32_t width, uint32_t left,
                                      uint32_t columns, uint32_t green_first, uint32_t own,
                                      uint32_t *lanes)
{
    const uint32_t end = left + columns, inner = end < width - 1 ? end : width - 2;
    ek_column_t l = ek_bayer_column(rows, left > 0 ? left - 1 : 1), a = ek_bayer_column(rows, left);
    uint32_t x = left;
    for (; x < inner; x += 2, lanes += 3) {
        const ek_column_t b = ek_bayer_column(rows, x + 1), r = ek_bayer_column(rows, x + 2);
        ek_bayer_pair(l, a, b, r, green_first, own, lanes);
        l = b;
        a = r;
    }
    if (x >= end) return;
    const ek_column_t b = x + 1 < width ? ek_bayer_column(rows, x + 1) : l;
    ek_bayer_pair(l, a, b, a, green_first, own, lanes);
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
