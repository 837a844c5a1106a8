/* softmax_table_s8.c - exponentials are looked up by their distance to the row's maximum with gathering
 * loads, four at a time.
 *
 * exponentials[d] for the distance d, in Q0; 0 where it contributes nothing. Rows are of at most 4095
 * elements, whose sum fits an int32.
 */
#include <string.h>

#include "ek_mve.h"
#include "ek_softmax.h"

static int32_t largest(const int8_t *x, int32_t count)
{
    int8x16_t most = vdupq_n_s8(INT8_MIN);
    for (int32_t i = 0; i < count; i += 16) {
        const mve_pred16_t lanes = vctp8q((uint32_t)(count - i));
        most = vmaxq_m_s8(most, most, vldrbq_z_s8(x + i, lanes), lanes);
    }
    return vmaxvq_s8(INT8_MIN, most);
}

/* Exponentials of four elements; 0 where there are none. */
static inline int32x4_t look_up(const int32_t *exponentials, const int8_t *x, int32_t max,
                                mve_pred16_t lanes)
{
    const int32x4_t distance = vsubq_s32(vdupq_n_s32(max), vldrbq_z_s32(x, lanes));
    return vldrwq_gather_shifted_offset_z_s32(exponentials, vreinterpretq_u32_s32(distance), lanes);
}

static void softmax_row(const int32_t *exponentials, const int8_t *x, int32_t count, int8_t *y)
{
    const ek_mve_range_t range = {INT8_MIN, INT8_MIN, INT8_MAX};
    const int32_t max = largest(x, count);
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i += 4) {
        const int32x4_t found = look_up(exponentials, x + i, max, vctp32q((uint32_t)(count - i)));
        sum = vaddvaq_s32(sum, vrshrq_n_s32(found, EK_SUM_BITS));
    }
    const ek_share_t share = ek_share(sum);
    if (share.right > 31) {
        memset(y, INT8_MIN, (size_t)count);
        return;
    }
    for (int32_t i = 0; i < count; i += 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)(count - i));
        const int32x4_t found = look_up(exponentials, x + i, max, lanes);
        const int32x4_t scaled = vqrdmulhq_n_s32(found, share.reciprocal);
        ek_mve_store(y + i, vrshlq_n_s32(scaled, -share.right), range, lanes);
    }
}

void ek_softmax_table_s8__mve(const ek_softmax_s8_t *p, const int8_t *input,
                              const int32_t exponentials[256], int8_t *output)
{
    for (int32_t row = 0; row < p->rows; row++) {
        softmax_row(exponentials, input + row * p->depth, p->depth, output + row * p->depth);
    }
}
