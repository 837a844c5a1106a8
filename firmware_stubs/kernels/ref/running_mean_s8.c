/* running_mean_s8.c - the mean over a window's rows from a sum that goes on: the newest rows come in,
 * the oldest leave for the next call. */
#include <assert.h>

#include "ek_kernels.h"
#include "ek_requant.h"

void ek_running_mean_s8__ref(const ek_running_mean_s8_t *p, const int8_t *window, int32_t *sums,
                             int8_t *output)
{
    assert(p->moved >= 0 && p->moved <= p->rows && p->rows <= INT32_C(1) << 23);
    const int8_t *newest = window + (p->rows - p->moved) * p->channels;
    for (int32_t c = 0; c < p->channels; c++) {
        int32_t sum = sums[c], oldest = 0;
        for (int32_t row = 0; row < p->moved; row++) {
            sum += newest[row * p->channels + c];
            oldest += window[row * p->channels + c];
        }
        output[c] = ek_requant_s8(sum - p->rows * p->input_zero, p->q, p->output_zero, INT8_MIN,
                                  INT8_MAX);
        sums[c] = sum - oldest;
    }
}
