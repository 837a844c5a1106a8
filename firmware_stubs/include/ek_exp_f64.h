/* ek_exp_f64.h - exp(x) in double, without libm: the same bits on every machine.
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) is Taylor's series to r^13 (relative error below
 * 2^-51, rounding included), and 2^n goes into the exponent. Meant for results that are rounded to
 * float: beyond e^-700 and e^700 they are 0 and infinite.
 */
#ifndef EK_EXP_F64_H
#define EK_EXP_F64_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline double ek_exp_f64(double x)
{
    static const double terms[14] = {
        1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
        1.0 / 362880.0,     1.0 / 40320.0,     1.0 / 5040.0,     1.0 / 720.0,
        1.0 / 120.0,        1.0 / 24.0,        1.0 / 6.0,        0.5,
        1.0,                1.0,
    };
    if (x != x || x > 700.0) return x * (double)INFINITY;
    if (x < -700.0) return 0.0;
    const int32_t n = (int32_t)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
    /* ln 2 in two parts, the first so short that its product with n is exact */
    const double high = (double)n * 0.693147180369123816490;
    const double r = (x - high) - (double)n * 1.90821492927058770002e-10;
    double power = terms[0];
    for (int32_t k = 1; k < 14; k++) power = power * r + terms[k];
    const uint64_t bits = (uint64_t)(n + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return power * scale;
}

#endif
