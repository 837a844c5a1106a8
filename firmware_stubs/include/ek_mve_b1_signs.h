/* ek_mve_b1_signs.h - signs of 16 values at a time from comparisons, for the `mve` kernels. */
#ifndef EK_MVE_B1_SIGNS_H
#define EK_MVE_B1_SIGNS_H

#include "ek_b1.h"
#include "ek_kernels_mve_b1.h"
#include "ek_mve.h"

#if defined(__ARM_FEATURE_MVE)

/* Bit i is set where value i is below `zero`, for up to 16 of `count` values. */
static inline uint32_t ek_mve_below(const int8_t *x, int32_t zero, int32_t count)
{
    const mve_pred16_t some = vctp8q((uint32_t)count);
    return vcmpltq_m_n_s8(vldrbq_z_s8(x, some), (int8_t)zero, some);
}

#else

static inline uint32_t ek_mve_below(const int8_t *x, int32_t zero, int32_t count)
{
    uint32_t bits = 0;
    for (int32_t i = 0; i < ek_min(count, 16); i++) bits |= (uint32_t)(x[i] < zero) << i;
    return bits;
}

#endif

#endif
