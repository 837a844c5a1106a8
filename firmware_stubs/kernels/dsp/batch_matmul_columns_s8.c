/* batch_matmul_columns_s8.c - rows of one matrix by four columns of another at a time, for columns that
 * are neighbours.
 *
 * Four columns of two rows of b are two words; widened, the halves that belong together are packed:
 *
 *     c0 c1 c2 c3      (c0 c2) (c1 c3)      (c0 d0) (c2 d2) (c1 d1) (c3 d3)
 *     d0 d1 d2 d3      (d0 d2) (d1 d3)
 *
 * scratch: a row of a, int16 without zero point.
 */
#include "ek_dsp_matmul.h"
#include "ek_kernels_dsp.h"

static int32_t widen(const ek_batch_matmul_s8_t *p, const int8_t *x, int16_t *row)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < p->inner; k++, x += p->a_stride[3]) {
        row[k] = (int16_t)(*x - p->a_zero);
        sum += row[k];
    }
    return sum;
}

typedef struct {
    int32_t s0, s1, s2, s3;
} sums_t;

/* Adds the products of two elements, `x`, with two rows of four columns. */
EK_INLINE void add_products(sums_t *s, int32_t x, uint32_t c, uint32_t d)
{
    const int32_t even = ek_sxtb16(c), odd = ek_sxtb16_odd(c);
    const int32_t even_d = ek_sxtb16(d), odd_d = ek_sxtb16_odd(d);
    s->s0 = ek_smlad(x, ek_lanes(even, even_d), s->s0);
    s->s1 = ek_smlad(x, ek_lanes(odd, odd_d), s->s1);
    s->s2 = ek_smlad(x, ek_upper_lanes(even, even_d), s->s2);
    s->s3 = ek_smlad(x, ek_upper_lanes(odd, odd_d), s->s3);
}

/* Four columns from y on; `step` bytes between rows of b. */
static __attribute__((noinline)) sums_t four_columns(const int16_t *row, int32_t inner,
                                                     const int8_t *y, int32_t step)
{
    sums_t s = {0, 0, 0, 0};
    const int16_t *const end = row + (inner & ~1);
    for (; row < end; row += 2, y += 2 * step) {
        add_products(&s, ek_load_lanes(row), ek_load4(y), ek_load4(y + step));
    }
    if (inner & 1) add_products(&s, *row, ek_load4(y), 0);
    return s;
}

static void multiply(const ek_batch_matmul_s8_t *p, const int16_t *row, ek_row_end_t end,
                     const int8_t *b, int8_t *y)
{
    const int32_t step = p->b_stride[2];
    int32_t left = p->extent[3];
    for (; left >= 4; left -= 4, b += 4) {
        const sums_t s = four_columns(row, p->inner, b, step);
        *y++ = ek_row_output(s.s0, end);
        *y++ = ek_row_output(s.s1, end);
        *y++ = ek_row_output(s.s2, end);
        *y++ = ek_row_output(s.s3, end);
    }
    for (; left > 0; left--, b++) {
        int32_t sum = 0;
        for (int32_t k = 0; k < p->inner; k++) sum += row[k] * b[k * step];
        *y++ = ek_row_output(sum, end);
    }
}

void ek_batch_matmul_columns_s8__dsp(const ek_batch_matmul_s8_t *p, const int8_t *a,
                                     const int8_t *b, int8_t *output, void *scratch)
{
    ek_matmul(multiply, widen, p, a, b, output, scratch);
}
