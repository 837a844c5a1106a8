/* depthwise_conv2d_3x3_s8w4.c - weights of 4 bits are unpacked once, to scratch; the rest is
 * depthwise_conv2d_3x3_s8.c.
 *
 * weights: rows of taps as the model has them, see ek_w4.h. finish: as that kernel's.
 * scratch: that kernel's; then weights, a byte each.
 */
#include "ek_dsp_depthwise.h"
#include "ek_kernels_dsp.h"
#include "ek_kernels_dsp_w4.h"
#include "ek_w4.h"

void ek_depthwise_conv2d_3x3_s8w4__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                       const uint8_t *weights, const int32_t *finish,
                                       int8_t *output, void *scratch)
{
    const ek_split_t split = ek_depthwise_scratch(p, scratch);
    int8_t *const unpacked = (int8_t *)(split.rows + split.count * EK_LANES * split.pitch);
    ek_w4_unpack(weights, 9, p->output_c, unpacked);
    ek_depthwise_conv2d_3x3_s8__dsp(p, input, unpacked, finish, output, scratch);
}
