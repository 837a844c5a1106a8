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

#endif
