/* batch_matmul_rows_s8.c - dot products of rows of one matrix with four columns of another at a time, for
 * columns whose elements are neighbours (a transposed matrix).
 *
 * The sum of (a - a_zero) * (b - b_zero) is that of a * b, less a_zero times that of b and b_zero times
 * that of a, plus their product for each element. Sums of b are products with ones.
 */
#include "ek_mve_runs.h"
#include "ek_requant.h"

typedef struct {
    const int8_t *column[4];
} columns_t;

/* Four columns from `first` on; beyond the last it is taken again. */
static columns_t columns_from(const ek_batch_matmul_s8_t *p, const int8_t *b, int32_t first)
{
    columns_t c;
    for (int32_t i = 0; i < 4; i++) {
        c.column[i] = b + ek_min(first + i, p->extent[3] - 1) * p->b_stride[3];
    }
    return c;
}

static int32x4_t dot_four(const ek_batch_matmul_s8_t *p, const int8_t *x, columns_t c)
{
    const int8x16_t ones = vdupq_n_s8(1);
    int32x4_t products = vdupq_n_s32(p->inner * p->a_zero * p->b_zero), sums = vdupq_n_s32(0);
    int32x4_t own = sums;
    for (int32_t k = 0; k < p->inner; k += 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)(p->inner - k));
        const int8x16_t v = vldrbq_z_s8(x + k, lanes);
        const int8x16_t c0 = vldrbq_z_s8(c.column[0] + k, lanes);
        const int8x16_t c1 = vldrbq_z_s8(c.column[1] + k, lanes);
        const int8x16_t c2 = vldrbq_z_s8(c.column[2] + k, lanes);
        const int8x16_t c3 = vldrbq_z_s8(c.column[3] + k, lanes);
        products = vaddq_s32(products, ek_mve_dot4(c0, c1, c2, c3, v));
        sums = vaddq_s32(sums, ek_mve_dot4(c0, c1, c2, c3, ones));
        own = vaddq_s32(own, ek_mve_dot4(v, v, v, v, ones));
    }
    products = vmlaq_n_s32(products, sums, -p->a_zero);
    return vmlaq_n_s32(products, own, -p->b_zero);
}

void ek_batch_matmul_rows_s8__mve(const ek_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b,
                                  int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    const ek_mve_range_t range = {p->output_zero, INT8_MIN, INT8_MAX};
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t row = 0; row < n[2]; row++, output += n[3]) {
                const int8_t *x = a + i * sa[0] + j * sa[1] + row * sa[2];
                for (int32_t o = 0; o < n[3]; o += 4) {
                    const columns_t c = columns_from(p, b + i * sb[0] + j * sb[1], o);
                    const int32x4_t sum = dot_four(p, x, c);
                    ek_mve_store(output + o, ek_mve_scaled(sum, p->q), range,
                                 vctp32q((uint32_t)(n[3] - o)));
                }
            }
        }
    }
}
