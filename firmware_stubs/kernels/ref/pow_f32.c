/* pow_f32.c - small whole powers by squaring, the others as exp(b log a). */
#include "ek_exp_f32.h"
#include "ek_kernels_f32.h"
#include "ek_log_f32.h"

static float whole_power(float x, int32_t n)
{
    float y = 1.0f;
    for (; n; n >>= 1, x *= x) {
        if (n & 1) y *= x;
    }
    return y;
}

static float power(float x, float y)
{
    const int whole = y >= -8388608.0f && y <= 8388608.0f && (float)(int32_t)y == y;
    if (whole && y >= 0.0f && y <= 32.0f) return whole_power(x, (int32_t)y);
    if (whole && y < 0.0f && y >= -32.0f) return 1.0f / whole_power(x, (int32_t)-y);
    if (x >= 0.0f) return ek_exp_f32(y * ek_log_f32(x));
    if (!whole) return NAN;
    const float size = ek_exp_f32(y * ek_log_f32(-x));
    return (int32_t)y % 2 ? -size : size;
}

void ek_pow_f32__ref(const ek_binary_f32_t *p, const float *a, const float *b, float *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const float *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const float *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    const float x = row_a[l * sa[3]], y = row_b[l * sb[3]];
                    *output++ = power(x, y);
                }
            }
        }
    }
}
