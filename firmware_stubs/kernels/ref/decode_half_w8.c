/* decode_half_w8.c - float16 to float32 in integers, so that no processor needs to know halves. */
#include <assert.h>
#include <string.h>

#include "ek_kernels_w8.h"

typedef union {
    uint32_t bits;
    float value;
} number_t;

/* Bits of the float32 of the same value: sign, 8 bits of exponent + 127, 23 digits. A float16 has 5
 * bits of exponent + 15 and 10 digits. */
static uint32_t widened(uint32_t half)
{
    const uint32_t sign = (half & 0x8000u) << 16;
    uint32_t exponent = half >> 10 & 31u, digits = half & 0x3ffu;
    if (exponent == 31) return sign | 0x7f800000u | digits << 13;
    if (exponent == 0) {
        /* Below 2^-14: digits without the leading 1, which float32 has room to give them. */
        if (digits == 0) return sign;
        for (exponent = 1; !(digits & 0x400u); exponent--) digits <<= 1;
        digits &= 0x3ffu;
    }
    return sign | (exponent + 112u) << 23 | digits << 13;
}

void ek_decode_half_w8__ref(const ek_decode_half_w8_t *p, const uint16_t *words, int8_t *output)
{
    assert((uintptr_t)output % 4 == 0);
    const int32_t whole = p->bytes / 4 < p->words ? p->bytes / 4 : p->words;
    float *const y = (float *)(void *)output;
    for (int32_t i = 0; i < whole; i++) y[i] = (number_t){.bits = widened(words[i])}.value;
    memset(output + 4 * whole, 0, (size_t)(p->bytes - 4 * whole));
}
