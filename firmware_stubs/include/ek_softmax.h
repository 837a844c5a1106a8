/* ek_softmax.h - what the faster softmaxes share: exponentials are had once, from scratch or a table,
 * and are 0 where ref leaves them out.
 */
#ifndef EK_SOFTMAX_H
#define EK_SOFTMAX_H

#include "ek_fixedpoint.h"

enum { EK_SUM_BITS = 12 /* integer bits of the sum of exponentials */ };

static inline int32_t ek_largest(const int8_t *x, int32_t count)
{
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < count; i++) max = ek_max(max, x[i]);
    return max;
}

/* What an exponential (Q0, at least 0) adds to the sum: rounded, in Q12. */
static inline int32_t ek_addend(int32_t exponential)
{
    return (exponential >> EK_SUM_BITS) + ((exponential >> (EK_SUM_BITS - 1)) & 1);
}

/* How exponentials become outputs: times `reciprocal`, shifted right by 23 to 31; by more where no
 * output is above half a step. */
typedef struct {
    int32_t reciprocal, right;
} ek_share_t;

/* For a sum of at least 2^19: the largest value's exponential is part of it. */
static inline ek_share_t ek_share(int32_t sum)
{
    /* sum = (1 + a) * 2^(EK_SUM_BITS - zeros), with a in [0, 1) */
    const int32_t zeros = ek_leading_zeros((uint32_t)sum);
    const int32_t a = (int32_t)(((uint32_t)sum << zeros) - (UINT32_C(1) << 31));
    return (ek_share_t){ek_one_over_one_plus(a), EK_SUM_BITS - zeros + 31 - 8};
}

static inline int8_t ek_shared(int32_t exponential, ek_share_t share)
{
    const uint64_t product = (uint64_t)(uint32_t)share.reciprocal * (uint32_t)exponential;
    const uint32_t quotient = (uint32_t)((product + (UINT32_C(1) << 30)) >> 31);
    const uint32_t scaled = (quotient + (UINT32_C(1) << (share.right - 1))) >> share.right;
    return (int8_t)((scaled > 255 ? 255 : (int32_t)scaled) + INT8_MIN);
}

#endif
