/* ek_b1.h - what kernels on packed signs share: counting bits, and how a convolution ends. */
#ifndef EK_B1_H
#define EK_B1_H

#include "ek_kernels_b1.h"
#include "ek_window.h"

#define EK_B1_WORD 32

/* Bits that are set, in pairs, nibbles and bytes; the product adds up the bytes. */
static inline int32_t ek_bits(uint32_t x)
{
    x -= (x >> 1) & 0x55555555u;
    x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0fu;
    return (int32_t)((x * 0x01010101u) >> 24);
}

static inline int32_t ek_b1_words(int32_t channels)
{
    return (channels + EK_B1_WORD - 1) / EK_B1_WORD;
}

/* Two statements, because a compiler may contract a product and a sum within one, which rounds
 * once and moves results that lie between two. */
static inline float ek_b1_real(const ek_conv2d_b1_t *p, int32_t acc, float multiplier, float bias)
{
    const float scaled = (float)ek_clamp(2 * acc, p->acc2_min, p->acc2_max) * multiplier;
    return scaled + bias;
}

/* To the nearest int8, halves away from zero; x - trunc(x) is exact. */
static inline int8_t ek_b1_round(float x)
{
    if (x >= 127.0f) return INT8_MAX;
    if (x <= -128.0f) return INT8_MIN;
    const int32_t whole = (int32_t)x;
    const float fraction = x - (float)whole;
    return (int8_t)(whole + (fraction >= 0.5f) - (fraction <= -0.5f));
}

static inline int8_t ek_b1_s8(const ek_conv2d_b1_t *p, int32_t acc, float multiplier, float bias)
{
    return ek_b1_round(ek_b1_real(p, acc, multiplier, bias));
}

/* Bits of a window that differ from the weights of output o; (h, w) is where the window starts. */
static inline int32_t ek_b1_count(const ek_conv2d_b1_t *p, const uint32_t *input,
                                  const uint32_t *weights, int32_t h, int32_t w, int32_t o)
{
    const int32_t own = p->group_words, pixel = own * p->groups;
    const uint32_t *kernel = weights + o * p->kernel_h * p->kernel_w * own;
    const uint32_t *group = input + o / (p->output_c / p->groups) * own;
    int32_t acc = 0;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        const int32_t y = h + i * p->dilation_h;
        for (int32_t j = 0; j < p->kernel_w; j++, kernel += own) {
            const int32_t x = w + j * p->dilation_w;
            if (y >= 0 && y < p->input_h && x >= 0 && x < p->input_w) {
                const uint32_t *signs = group + (y * p->input_w + x) * pixel;
                for (int32_t k = 0; k < own; k++) acc += ek_bits(signs[k] ^ kernel[k]);
            } else if (p->pad_ones) {
                for (int32_t k = 0; k < own; k++) acc += ek_bits(kernel[k]);
            } else {
                acc += p->pad_bits;
            }
        }
    }
    return acc;
}

#endif
