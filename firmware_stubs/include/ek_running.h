/* ek_running.h - the sum by channel over the rows of a window that moves on, and over rows beside it
 * that belong to one call alone. */
#ifndef EK_RUNNING_H
#define EK_RUNNING_H

#include "ek_requant.h"

/* Adds `rows` rows to the sums of `width` neighbouring channels, four at most. */
static inline void ek_add_rows(const int8_t *x, int32_t rows, int32_t channels, int32_t width,
                               int32_t sums[4])
{
    if (width < 4) {
        for (; rows > 0; rows--, x += channels) {
            for (int32_t i = 0; i < width; i++) sums[i] += x[i];
        }
        return;
    }
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (; rows > 0; rows--, x += channels) {
        a += x[0];
        b += x[1];
        c += x[2];
        d += x[3];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

/* The totals of `width` channels, from which `before`, `window` and `sums` begin; the sums go on to
 * the next call. */
static inline void ek_running_total(const ek_running_rows_t *r, const int8_t *before,
                                    const int8_t *window, int32_t *sums, int32_t width,
                                    int32_t totals[4])
{
    const int8_t *newest = window + r->kept * r->channels;
    int32_t oldest[4] = {0, 0, 0, 0};
    for (int32_t i = 0; i < width; i++) totals[i] = sums[i];
    ek_add_rows(window, r->moved, r->channels, width, oldest);
    ek_add_rows(newest, r->moved, r->channels, width, totals);
    for (int32_t i = 0; i < width; i++) sums[i] = totals[i] - oldest[i];
    ek_add_rows(before, r->before, r->channels, width, totals);
    ek_add_rows(newest + r->moved * r->channels, r->after, r->channels, width, totals);
}

static inline int32_t ek_running_count(const ek_running_rows_t *r)
{
    return r->before + r->kept + r->moved + r->after;
}

#endif
