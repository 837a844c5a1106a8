/* conv2d_blocks_doubled_relu_s8.c - conv2d_blocks_doubled_s8.c for outputs that are not below their
 * zero point. */
#include <assert.h>

#include "ek_dsp_doubled.h"
#include "ek_kernels_dsp.h"

void ek_conv2d_blocks_doubled_relu_s8__dsp(const ek_conv2d_s8_t *p, const int8_t *input,
                                           const int8_t *weights, const int32_t *finish,
                                           int8_t *output, void *scratch)
{
    assert(p->stride_h > 0 && p->stride_w > 0 && p->dilation_h > 0 && p->dilation_w > 0);
    assert(p->output_h * p->output_w >= EK_BLOCK);
    assert(p->act_min >= p->output_zero);
    ek_convolve_windows_doubled(p, input, weights, finish, output, scratch,
                                ek_block_doubled_relu_s8__dsp);
}
