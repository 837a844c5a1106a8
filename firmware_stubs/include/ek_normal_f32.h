/* ek_normal_f32.h - the share of a normal distribution below x, in float32 and without libm. */
#ifndef EK_NORMAL_F32_H
#define EK_NORMAL_F32_H

#include "ek_exp_f32.h"

/* Below zero it is erfc(z) / 2 at z = -x / root 2, which falls like exp(-z^2): the rest is smooth, a
 * polynomial in t = 1 / (1 + z / 2) fitted to a relative error below 2^-21. */
static inline float ek_normal_f32(float x)
{
    static const float c[] = {-5.4910186e-05f, 0.142210647f,  0.130617589f,
                              0.175044909f,    -0.0655722097f, 0.320241898f,
                              -0.288727999f,   0.0966648981f,  -0.0104247658f};
    const float size = x < 0.0f ? -x : x;
    const float t = 1.0f / (1.0f + 0.353553391f * size);
    float smooth = c[8];
    for (int i = 7; i >= 0; i--) smooth = smooth * t + c[i];
    const float tail = smooth * ek_exp_f32(-0.5f * size * size);
    return x < 0.0f ? tail : 1.0f - tail;
}

#endif
