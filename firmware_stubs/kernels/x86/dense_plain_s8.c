/* dense_plain_s8.c - one row by 16 channels at a time in plain C; compilers make vectors of the
 * loops over channels. */
#include "ek_x86_s8.h"

static void multiply(const uint8_t *x, const int8_t *weights, int32_t quads,
                     int32_t sum[EK_X86_BLOCK])
{
    for (int32_t l = 0; l < EK_X86_BLOCK; l++) sum[l] = 0;
    for (int32_t i = 0; i < quads; i++, x += 4, weights += 4 * EK_X86_BLOCK) {
        for (int32_t l = 0; l < EK_X86_BLOCK; l++) {
            const int8_t *w = weights + 4 * l;
            sum[l] += x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3];
        }
    }
}

static void multiply_row(const ek_x86_rows_t *t, const uint8_t *x, const int8_t *weights,
                         const int32_t *factors, int8_t *output)
{
    for (int32_t o = 0; o < t->channels; o += EK_X86_BLOCK) {
        int32_t sum[EK_X86_BLOCK];
        multiply(x, weights, t->quads, sum);
        for (int32_t l = 0; l < ek_min(EK_X86_BLOCK, t->channels - o); l++) {
            output[o + l] = ek_requant_s8(ek_wrapping_add(factors[l], sum[l]),
                                          ek_x86_requant(factors, l, EK_X86_BLOCK), t->zero,
                                          t->low, t->high);
        }
        weights += t->quads * 4 * EK_X86_BLOCK;
        factors += 4 * EK_X86_BLOCK;
    }
}

void ek_dense_plain_s8__x86(const ek_x86_rows_t *t, const int8_t *weights, const int32_t *factors,
                            int8_t *output)
{
    for (int32_t r = 0; r < t->rows; r++) {
        multiply_row(t, t->x[r], weights, factors, output + r * t->channels);
    }
}
