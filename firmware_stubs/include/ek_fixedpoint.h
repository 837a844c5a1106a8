/* ek_fixedpoint.h - exp and 1 / (1 + x) in 32-bit fixed point, as gemmlowp defines them.
 *
 * Qm means m integer bits, one sign bit and 31 - m fraction bits, so Q0 is [-1, 1) and the
 * product of Qa and Qb by ek_doubling_high_mul is Q(a + b). The order of operations and the
 * number of Newton steps are part of the definition: any other way gives other last bits.
 */
#ifndef EK_FIXEDPOINT_H
#define EK_FIXEDPOINT_H

#include "ek_requant.h"

/* x * 2^left, saturating: how a value moves to a format with fewer integer bits. */
static inline int32_t ek_saturating_shift_left(int32_t x, int32_t left)
{
    const int32_t limit = INT32_MAX >> left;
    if (x > limit) return INT32_MAX;
    if (x < -limit) return INT32_MIN;
    return ek_wrapping_shift_left(x, left);
}

/* exp(a) for a in [-1/4, 0), Q0 to Q0: Taylor's series to the fourth order around -1/8. */
static inline int32_t ek_exp_quarter(int32_t a)
{
    const int32_t exp_of_minus_eighth = 1895147668; /* e^(-1/8) * 2^31 */
    const int32_t third = 715827883;                /* 1/3 * 2^31 */
    const int32_t x = a + (INT32_C(1) << 28);                /* a + 1/8 */
    const int32_t x2 = ek_doubling_high_mul(x, x);
    const int32_t x3 = ek_doubling_high_mul(x2, x);
    const int32_t x4 = ek_doubling_high_mul(x2, x2);
    const int32_t cubic = ek_doubling_high_mul(ek_rounding_shift_right(x4, 2) + x3, third);
    const int32_t series = x + ek_rounding_shift_right(cubic + x2, 1);
    return exp_of_minus_eighth + ek_doubling_high_mul(exp_of_minus_eighth, series);
}

/* exp(a) for a in (-32, 0], Q5 to Q0: the last quarter by the series, each bit above it by a
 * constant e^-(2^k). exp(0) saturates to the largest Q0. */
static inline int32_t ek_exp_negative(int32_t a)
{
    enum { FRACTION_BITS = 26, POWERS = 7 };
    const int32_t quarter = INT32_C(1) << (FRACTION_BITS - 2);
    static const int32_t exp_of_power[POWERS] = {
        1672461947, /* e^-(1/4) * 2^31 */
        1302514674, /* e^-(1/2) */
        790015084,  /* e^-1 */
        290630308,  /* e^-2 */
        39332535,   /* e^-4 */
        720401,     /* e^-8 */
        242,        /* e^-16 */
    };
    if (a == 0) return INT32_MAX;
    const int32_t last_quarter = (a & (quarter - 1)) - quarter;
    const int32_t quarters = (last_quarter - a) / quarter;
    int32_t result = ek_exp_quarter(last_quarter * 32); /* Q5 to Q0 */
    for (int32_t bit = 0; bit < POWERS; bit++) {
        if ((quarters >> bit) & 1) result = ek_doubling_high_mul(result, exp_of_power[bit]);
    }
    return result;
}

/* 1 / (1 + a) for a in [0, 1), Q0 to Q0: three Newton steps for 2 / (1 + a) from 48/17 - 32/17 d,
 * where d = (1 + a) / 2, in Q2. */
static inline int32_t ek_one_over_one_plus(int32_t a)
{
    const int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    const int32_t one = INT32_C(1) << 29;
    int32_t x = 1515870810 + ek_doubling_high_mul(half_denominator, -1010580540);
    for (int step = 0; step < 3; step++) {
        const int32_t error = one - ek_doubling_high_mul(half_denominator, x);
        x += ek_saturating_shift_left(ek_doubling_high_mul(x, error), 2);
    }
    return ek_saturating_shift_left(x, 1); /* halving is Q2 read as Q1; this is Q1 to Q0 */
}

static inline int32_t ek_leading_zeros(uint32_t x)
{
    int32_t zeros = 0;
    for (; zeros < 32 && !(x >> 31); x <<= 1) zeros++;
    return zeros;
}

/* 1 / sqrt(x) for an integer x >= 0: five Newton steps in Q3; 0 and 1 give the largest Q0. */
static inline ek_requant_t ek_inverse_sqrt(int32_t x)
{
    int32_t shift = 11;
    if (x <= 1) return (ek_requant_t){INT32_MAX, 0};
    for (; x >= INT32_C(1) << 29; x /= 4) shift++;
    const int32_t pairs = (ek_leading_zeros((uint32_t)x) - 1) / 2 - 1;
    const int32_t half = ek_rounding_shift_right((x << (2 * pairs)) >> 1, 1);
    int32_t root = INT32_C(1) << 28;
    for (int step = 0; step < 5; step++) {
        const int32_t square = ek_doubling_high_mul(root, root);
        const int32_t cube = ek_saturating_shift_left(ek_doubling_high_mul(square, root), 6);
        const int32_t kept = ek_doubling_high_mul((INT32_C(1) << 28) + (INT32_C(1) << 27), root);
        root = ek_saturating_shift_left(kept - ek_doubling_high_mul(half, cube), 3);
    }
    root = ek_doubling_high_mul(root, 1518500250); /* by sqrt(1/2) */
    shift -= pairs;
    if (shift < 0) return (ek_requant_t){root * (1 << -shift), 0};
    return (ek_requant_t){root, -shift};
}

/* log(x) for x >= 1, Q12 to Q5. x is brought to a fraction near sqrt(sqrt(1/2)) in two ways, one of
 * which is the nearer one; a rational function serves what is left. */
static inline int32_t ek_log_from_1(int32_t x)
{
    enum { INTEGER_BITS = 12, WIDE = 6 };
    const int32_t one = INT32_C(1) << (31 - WIDE), quarter = one / 4;
    const int32_t sqrt_half = 1518500250, sqrt_sqrt_half = 1805811301;
    const int32_t zeros = ek_leading_zeros((uint32_t)x);
    const int32_t first = ek_saturating_shift_left(x, zeros - 1);
    const int32_t r_a = ek_saturating_shift_left(ek_doubling_high_mul(first, sqrt_half), 1);
    const int32_t a_power = (INTEGER_BITS - zeros) * one + quarter;
    const int32_t room = ek_leading_zeros((uint32_t)ek_doubling_high_mul(x, sqrt_half)) - 1;
    const int32_t r_b = ek_saturating_shift_left(x, room);
    const int32_t b_power = (INTEGER_BITS - room) * one - quarter;
    const int32_t r = ek_min(r_a, r_b), power = ek_max(a_power, b_power);
    const int32_t p = (int32_t)(((int64_t)r + sqrt_sqrt_half + 1) / 2);
    const int32_t q = 2 * (r - sqrt_sqrt_half);
    const int32_t square = ek_doubling_high_mul(q, q);
    const int32_t cubic = ek_doubling_high_mul(ek_doubling_high_mul(q, square), 117049297);
    const int32_t numerator = ek_doubling_high_mul(q, r) + cubic;
    const int32_t inner = 1057819769 + q + ek_doubling_high_mul(127690142, square);
    const int32_t denominator = ek_doubling_high_mul(p, inner) + ek_doubling_high_mul(638450708, q);
    const int32_t inverse = ek_one_over_one_plus(denominator);
    const int32_t quotient = ek_doubling_high_mul(ek_rounding_shift_right(numerator, WIDE), inverse);
    return ek_saturating_shift_left(ek_doubling_high_mul(power, 1488522236) + quotient, 1);
}

#endif
