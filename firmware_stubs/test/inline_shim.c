/* inline_shim.c - the inline helpers of the headers as functions that a test can call. */
#include "ek_fixedpoint.h"
#include "ek_window.h"

int32_t shim_requant(int32_t x, int32_t multiplier, int32_t shift);
int32_t shim_doubling_high_mul(int32_t a, int32_t b);
int32_t shim_rounding_shift_right(int32_t x, int32_t right);
int32_t shim_saturating_shift_left(int32_t x, int32_t left);
int32_t shim_exp_negative(int32_t a);
int32_t shim_one_over_one_plus(int32_t a);
int32_t shim_taps_begin(int32_t origin, int32_t taps, int32_t dilation, int32_t extent);
int32_t shim_taps_end(int32_t origin, int32_t taps, int32_t dilation, int32_t extent);
void shim_requants(int32_t count, const ek_requant_t *q, const int32_t *x, int32_t *y);

int32_t shim_requant(int32_t x, int32_t multiplier, int32_t shift)
{
    return ek_requant(x, (ek_requant_t){multiplier, shift});
}

int32_t shim_doubling_high_mul(int32_t a, int32_t b) { return ek_doubling_high_mul(a, b); }

int32_t shim_rounding_shift_right(int32_t x, int32_t right)
{
    return ek_rounding_shift_right(x, right);
}

int32_t shim_saturating_shift_left(int32_t x, int32_t left)
{
    return ek_saturating_shift_left(x, left);
}

int32_t shim_exp_negative(int32_t a) { return ek_exp_negative(a); }

int32_t shim_one_over_one_plus(int32_t a) { return ek_one_over_one_plus(a); }

int32_t shim_taps_begin(int32_t origin, int32_t taps, int32_t dilation, int32_t extent)
{
    return ek_taps_inside(origin, taps, dilation, extent).begin;
}

int32_t shim_taps_end(int32_t origin, int32_t taps, int32_t dilation, int32_t extent)
{
    return ek_taps_inside(origin, taps, dilation, extent).end;
}

void shim_requants(int32_t count, const ek_requant_t *q, const int32_t *x, int32_t *y)
{
    for (int32_t i = 0; i < count; i++) y[i] = ek_requant(x[i], q[i]);
}
