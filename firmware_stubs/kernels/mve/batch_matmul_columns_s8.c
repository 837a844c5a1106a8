/* batch_matmul_columns_s8.c - rows of one matrix by 16 columns of another at a time, for columns that are
 * neighbours.
 *
 * The sum of (a - a_zero) * (b - b_zero) is that of (a - a_zero) * b less b_zero times that of
 * a - a_zero.
 */
#include "ek_mve_runs.h"
#include "ek_requant.h"

enum { BLOCK = 16 };

typedef struct {
    const int8_t *x; /* a row of a */
    int32_t x_step, y_step, inner, x_zero, y_zero;
} row_t;

/* Sixteen columns from `y` on. */
static void sixteen(row_t r, const int8_t *y, int32x4_t sums[4])
{
    int32x4_t s0 = vdupq_n_s32(0), s1 = s0, s2 = s0, s3 = s0;
    int32_t total = 0;
    for (int32_t k = 0; k < r.inner; k++, r.x += r.x_step, y += r.y_step) {
        const int32_t x = *r.x - r.x_zero;
        total += x;
        s0 = vmlaq_n_s32(s0, vldrbq_s32(y), x);
        s1 = vmlaq_n_s32(s1, vldrbq_s32(y + 4), x);
        s2 = vmlaq_n_s32(s2, vldrbq_s32(y + 8), x);
        s3 = vmlaq_n_s32(s3, vldrbq_s32(y + 12), x);
    }
    total *= r.y_zero;
    sums[0] = vsubq_n_s32(s0, total);
    sums[1] = vsubq_n_s32(s1, total);
    sums[2] = vsubq_n_s32(s2, total);
    sums[3] = vsubq_n_s32(s3, total);
}

/* Up to four columns. */
static int32x4_t few(row_t r, const int8_t *y, mve_pred16_t lanes)
{
    int32x4_t sum = vdupq_n_s32(0);
    int32_t total = 0;
    for (int32_t k = 0; k < r.inner; k++, r.x += r.x_step, y += r.y_step) {
        const int32_t x = *r.x - r.x_zero;
        total += x;
        sum = vmlaq_n_s32(sum, vldrbq_z_s32(y, lanes), x);
    }
    return vsubq_n_s32(sum, total * r.y_zero);
}

static void multiply(const ek_batch_matmul_s8_t *p, row_t r, const int8_t *y, int8_t *output)
{
    const ek_mve_range_t range = {p->output_zero, INT8_MIN, INT8_MAX};
    int32_t left = p->extent[3];
    for (; left >= BLOCK; left -= BLOCK, y += BLOCK) {
        int32x4_t sums[4];
        sixteen(r, y, sums);
        for (int32_t i = 0; i < 4; i++, output += 4) {
            ek_mve_store(output, ek_mve_scaled(sums[i], p->q), range, vctp32q(4));
        }
    }
    for (; left > 0; left -= 4, y += 4, output += 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)left);
        ek_mve_store(output, ek_mve_scaled(few(r, y, lanes), p->q), range, lanes);
    }
}

void ek_batch_matmul_columns_s8__mve(const ek_batch_matmul_s8_t *p, const int8_t *a,
                                     const int8_t *b, int8_t *output)
{
    const int32_t *n = p->extent, *sa = p->a_stride, *sb = p->b_stride;
    row_t r = {a, sa[3], sb[2], p->inner, p->a_zero, p->b_zero};
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t row = 0; row < n[2]; row++, output += n[3]) {
                r.x = a + i * sa[0] + j * sa[1] + row * sa[2];
                multiply(p, r, b + i * sb[0] + j * sb[1], output);
            }
        }
    }
}
