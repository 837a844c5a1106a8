/* minimum_s8.c - the smaller of two stored values; scales are equal, so that they compare. */
#include "ek_neon_binary.h"

static inline int8x8_t choose_eight(const void *context, int8x8_t a, int8x8_t b)
{
    (void)context;
    return vmin_s8(a, b);
}

void ek_minimum_s8__neon(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    ek_neon_runs(choose_eight, NULL, p->extent, p->a_stride, p->b_stride, a, b, output);
}
