/* taps_plain_s8.c - windows of a depthwise convolution in plain C. Layout of weights:
 * depthwise_conv2d_s8.c. */
#include "ek_x86_s8.h"

static void convolve(const ek_x86_taps_t *t, int32_t offset, const int8_t *weights,
                     const int32_t *factors, int8_t *output)
{
    for (int32_t c = 0; c < t->channels; c++) {
        const int8_t *w = weights + 2 * c;
        int32_t sum = 0;
        for (int32_t k = 0; k < 2 * t->pairs; k += 2, w += 2 * t->channels) {
            sum += t->taps[k][offset + c] * w[0] + t->taps[k + 1][offset + c] * w[1];
        }
        output[c] = ek_requant_s8(ek_wrapping_add(factors[c], sum),
                                  ek_x86_requant(factors, c, t->channels), t->zero, t->low,
                                  t->high);
    }
}

void ek_taps_plain_s8__x86(const ek_x86_taps_t *t, const int8_t *weights, const int32_t *factors,
                           int8_t *output)
{
    for (int32_t i = 0; i < t->windows; i++) {
        convolve(t, i * t->step, weights, factors, output + i * t->channels);
    }
}
