/* max_pool2d_s8.c - the largest of the window's taps inside the input. */
#include "ek_neon_pool.h"

static inline int8x8_t largest(ek_neon_patch_t patch)
{
    int8x8_t most = vdup_n_s8(INT8_MIN);
    for (int32_t i = 0; i < patch.rows; i++) {
        const int8_t *x = patch.at + i * patch.row;
        for (int32_t j = 0; j < patch.columns; j++) {
            most = vmax_s8(most, vld1_s8(x + j * patch.column));
        }
    }
    return most;
}

void ek_max_pool2d_s8__neon(const ek_pool2d_s8_t *p, const int8_t *input, int8_t *output)
{
    ek_neon_pool(largest, p, input, output);
}
