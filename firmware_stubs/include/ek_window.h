/* ek_window.h - which taps of a sliding window lie inside the input. Kernels loop over those only,
 * without a test per tap. */
#ifndef EK_WINDOW_H
#define EK_WINDOW_H

#include "ek_requant.h"

/* Taps begin <= t < end of one axis read inside the input. */
typedef struct {
    int32_t begin, end;
} ek_span_t;

static inline int32_t ek_ceil_div(int32_t a, int32_t b) { return (a + b - 1) / b; }

/* Tap t reads position origin + t * dilation; inside is 0 <= position < extent. */
static inline ek_span_t ek_taps_inside(int32_t origin, int32_t taps, int32_t dilation,
                                       int32_t extent)
{
    const int32_t begin = ek_min(taps, ek_ceil_div(ek_max(-origin, 0), dilation));
    const int32_t end = ek_min(taps, ek_ceil_div(ek_max(extent - origin, 0), dilation));
    return (ek_span_t){begin, ek_max(begin, end)};
}

/* Which of `count` windows along an axis have no tap outside; the last tap lies `last` behind the
 * first. */
static inline ek_span_t ek_inner_windows(int32_t count, int32_t stride, int32_t pad, int32_t last,
                                         int32_t extent)
{
    const int32_t reach = extent + pad - last; /* windows start below it */
    const int32_t begin = ek_min(count, ek_ceil_div(ek_max(pad, 0), stride));
    const int32_t end = ek_min(count, ek_ceil_div(ek_max(reach, 0), stride));
    return (ek_span_t){begin, ek_max(begin, end)};
}

#endif
