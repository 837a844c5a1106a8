/* prelu_s16.c - one factor for values from zero up, another for the product with alpha below. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant_s16.h"

static int16_t prelu(const ek_binary_s8_t *p, int32_t x, int32_t alpha)
{
    const int32_t scaled = x >= 0 ? ek_requant(x, p->a_q) : ek_requant(x * alpha, p->output_q);
    return (int16_t)ek_clamp(scaled, p->act_min, p->act_max);
}

void ek_prelu_s16__ref(const ek_binary_s8_t *p, const int16_t *a, const int16_t *b,
                       int16_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    assert(p->act_min >= INT16_MIN && p->act_min <= p->act_max && p->act_max <= INT16_MAX);
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                const int16_t *row_a = a + i * sa[0] + j * sa[1] + k * sa[2];
                const int16_t *row_b = b + i * sb[0] + j * sb[1] + k * sb[2];
                for (int32_t l = 0; l < n[3]; l++) {
                    *output++ = prelu(p, row_a[l * sa[3]], row_b[l * sb[3]]);
                }
            }
        }
    }
}
