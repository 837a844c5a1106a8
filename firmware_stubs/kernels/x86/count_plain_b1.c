/* count_plain_b1.c - counts bits in plain C; compilers make vectors of loops over 16 channels. */
#include "ek_kernels_x86_b1.h"
#include "ek_lanes_b1.h"

static void count_window(const uint32_t *window, int32_t stride, const uint32_t *weights,
                         int32_t words, uint16_t *counts)
{
    for (int32_t l = 0; l < EK_LANES_B1; l++) counts[l] = 0;
    for (int32_t k = 0; k < words; k++, window += stride, weights += EK_LANES_B1) {
        const uint32_t x = *window;
        for (int32_t l = 0; l < EK_LANES_B1; l++) {
            counts[l] = (uint16_t)(counts[l] + ek_bits(x ^ weights[l]));
        }
    }
}

void ek_count_plain_b1__x86(const uint32_t *windows, int32_t stride, const uint32_t *weights,
                            int32_t words, int32_t blocks, uint16_t *counts)
{
    for (int32_t block = 0; block < blocks; block++, weights += words * EK_LANES_B1) {
        for (int32_t r = 0; r < stride; r++, counts += EK_LANES_B1) {
            count_window(windows + r, stride, weights, words, counts);
        }
    }
}
