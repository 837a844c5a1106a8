/* strided_copy_s8.c - reads the input in another order, eight elements at a time with gathering loads.
 *
 * Elements of the innermost axis are 0 to 9362 apart, so that the eighth's offset fits 16 bits.
 */
#include "ek_mve.h"

static void gather(int8_t *y, const int8_t *x, int32_t count, int32_t stride)
{
    const uint16x8_t offsets = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)stride);
    for (; count > 0; count -= 8, x += 8 * stride, y += 8) {
        const mve_pred16_t lanes = vctp16q((uint32_t)count);
        vstrbq_p_s16(y, vldrbq_gather_offset_z_s16(x, offsets, lanes), lanes);
    }
}

void ek_strided_copy_s8__mve(const ek_strided_copy_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t *n = p->extent, *s = p->stride;
    input += p->offset;
    for (int32_t i = 0; i < n[0]; i++) {
        for (int32_t j = 0; j < n[1]; j++) {
            for (int32_t k = 0; k < n[2]; k++) {
                gather(output, input + i * s[0] + j * s[1] + k * s[2], n[3], s[3]);
                output += n[3];
            }
        }
    }
}
