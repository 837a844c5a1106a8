/* ek_float.h - the least that kernels in float32 share. */
#ifndef EK_FLOAT_H
#define EK_FLOAT_H

static inline float ek_clamp_float(float x, float low, float high)
{
    const float raised = x < low ? low : x;
    return raised > high ? high : raised;
}

#endif
