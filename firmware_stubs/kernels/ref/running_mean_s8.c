/* running_mean_s8.c - the mean over a window's rows from a sum that goes on: the newest rows come in,
 * the oldest leave for the next call. */
#include <assert.h>

#include "ek_kernels.h"
#include "ek_running.h"

void ek_running_mean_s8__ref(const ek_running_mean_s8_t *p, const int8_t *before,
                             const int8_t *window, int32_t *sums, int8_t *output)
{
    const int32_t rows = ek_running_count(&p->rows), channels = p->rows.channels;
    assert(rows > 0 && rows <= INT32_C(1) << 23);
    for (int32_t c = 0; c < channels; c += 4) {
        const int32_t width = ek_min(channels - c, 4);
        int32_t totals[4];
        ek_running_total(&p->rows, before + c, window + c, sums + c, width, totals);
        for (int32_t i = 0; i < width; i++) {
            output[c + i] = ek_requant_s8(totals[i] - rows * p->input_zero, p->q, p->output_zero,
                                          INT8_MIN, INT8_MAX);
        }
    }
}
