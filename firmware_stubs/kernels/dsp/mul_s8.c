/* mul_s8.c - the product of the two differences from zero, rounded as the convolutions' sums are. */
#include "ek_dsp_tables.h"
#include "ek_kernels_dsp.h"

static int8_t *multiply_row(const ek_binary_s8_t *p, ek_finish_t finish, const int8_t *a,
                            const int8_t *b, int8_t *y)
{
    const int32_t next_a = p->a_stride[3], next_b = p->b_stride[3];
    const int32_t zero_a = p->a_zero, zero_b = p->b_zero;
    for (int32_t left = p->extent[3]; left > 0; left--, a += next_a, b += next_b) {
        const int32_t doubled = 2 * ((*a - zero_a) * (*b - zero_b));
        *y++ = (int8_t)ek_finish(doubled, finish, EK_AWAY_FROM_ZERO);
    }
    return y;
}

void ek_mul_s8__dsp(const ek_binary_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    const ek_finish_t finish = ek_finish_of(p->output_q, p->output_zero);
    int8_t *y = output;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                y = multiply_row(p, finish, a + i * sa[0] + j * sa[1] + k * sa[2],
                                 b + i * sb[0] + j * sb[1] + k * sb[2], y);
            }
        }
    }
    ek_clamp_s8(output, (int32_t)(y - output), p->act_min, p->act_max);
}
