/* depthwise_conv2d_3x3_relu_s8.c - depthwise_conv2d_3x3_s8.c for outputs that are not below their
 * zero point. */
#include <assert.h>

#include "ek_dsp_depthwise.h"
#include "ek_kernels_dsp.h"

void ek_depthwise_conv2d_3x3_relu_s8__dsp(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                          const int8_t *weights, const int32_t *finish,
                                          int8_t *output, void *scratch)
{
    assert(p->kernel_h == 3 && p->kernel_w == 3 && p->depth_multiplier == 1);
    assert(p->dilation_h == 1 && p->dilation_w == 1 && p->stride_w <= 2);
    assert(p->act_min >= p->output_zero);
    ek_depthwise_3x3(p, input, weights, finish, output, scratch, EK_ANY_WAY);
}
