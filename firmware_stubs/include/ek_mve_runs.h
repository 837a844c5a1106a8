/* ek_mve_runs.h - operands of a run, 16 elements at a time. */
#ifndef EK_MVE_RUNS_H
#define EK_MVE_RUNS_H

#include "ek_mve.h"
#include "ek_runs.h"

/* Elements `i` and those that follow; one repeats at a step of 0. */
static inline int8x16_t ek_mve_operand(const int8_t *x, int32_t i, int32_t step, mve_pred16_t lanes)
{
    return step == 0 ? vdupq_n_s8(*x) : vldrbq_z_s8(x + i, lanes);
}

/* One factor for all lanes, with a shift of -1 or less. */
static inline int32x4_t ek_mve_scaled(int32x4_t x, ek_requant_t q)
{
    return vrshlq_n_s32(vqrdmlahq_n_s32(vshrq_n_s32(x, 31), x, q.multiplier), q.shift);
}

#endif
