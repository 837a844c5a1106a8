/* batch_matmul_rows_s8.c - dot products of rows of one matrix with two columns of another at a time, for
 * columns whose elements are neighbours (a transposed matrix).
 *
 * scratch: a row of a, int16 without zero point, in the order in which SXTB16 widens four bytes of b: 0 2
 * 1 3; zeros up to a multiple of four.
 */
#include "ek_dsp_matmul.h"
#include "ek_kernels_dsp.h"

static int32_t widen(const ek_batch_matmul_s8_t *p, const int8_t *x, int16_t *row)
{
    static const int8_t place[4] = {0, 2, 1, 3};
    int32_t sum = 0, k = 0;
    for (; k < p->inner; k++, x += p->a_stride[3]) {
        const int32_t moved = *x - p->a_zero;
        row[(k & ~3) + place[k & 3]] = (int16_t)moved;
        sum += moved;
    }
    for (; k & 3; k++) row[(k & ~3) + place[k & 3]] = 0;
    return sum;
}

/* Adds the products of four elements. */
EK_INLINE int32_t add_four(const int16_t *row, uint32_t four, int32_t sum)
{
    sum = ek_smlad(ek_load_lanes(row), ek_sxtb16(four), sum);
    return ek_smlad(ek_load_lanes(row + 2), ek_sxtb16_odd(four), sum);
}

static __attribute__((noinline)) void two_columns(const int16_t *row, int32_t inner,
                                                  const int8_t *first, const int8_t *second,
                                                  int32_t sums[2])
{
    int32_t s0 = 0, s1 = 0;
    for (; inner >= 4; inner -= 4, row += 4, first += 4, second += 4) {
        s0 = add_four(row, ek_load4(first), s0);
        s1 = add_four(row, ek_load4(second), s1);
    }
    if (inner > 0) {
        s0 = add_four(row, ek_load_tail(first, inner), s0);
        s1 = add_four(row, ek_load_tail(second, inner), s1);
    }
    sums[0] = s0;
    sums[1] = s1;
}

static void multiply(const ek_batch_matmul_s8_t *p, const int16_t *row, ek_row_end_t end,
                     const int8_t *b, int8_t *y)
{
    const int32_t step = p->b_stride[3];
    for (int32_t left = p->extent[3]; left > 0; left -= 2, b += 2 * step) {
        int32_t sums[2];
        two_columns(row, p->inner, b, left > 1 ? b + step : b, sums);
        *y++ = ek_row_output(sums[0], end);
        if (left > 1) *y++ = ek_row_output(sums[1], end);
    }
}

void ek_batch_matmul_rows_s8__dsp(const ek_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b,
                                  int8_t *output, void *scratch)
{
    ek_matmul(multiply, widen, p, a, b, output, scratch);
}
