/* running_average_s8.c - an average pooling over all rows of a window from a sum that goes on, ties
 * away from zero. */
#include <assert.h>

#include "ek_kernels.h"
#include "ek_running.h"

void ek_running_average_s8__ref(const ek_running_average_s8_t *p, const int8_t *before,
                                const int8_t *window, int32_t *sums, int8_t *output)
{
    const int32_t rows = ek_running_count(&p->rows), channels = p->rows.channels;
    const int32_t half = rows / 2;
    assert(rows > 0 && rows <= INT32_C(1) << 23);
    for (int32_t c = 0; c < channels; c += 4) {
        const int32_t width = ek_min(channels - c, 4);
        int32_t totals[4];
        ek_running_total(&p->rows, before + c, window + c, sums + c, width, totals);
        for (int32_t i = 0; i < width; i++) {
            const int32_t sum = totals[i];
            const int32_t mean = (sum > 0 ? sum + half : sum - half) / rows;
            output[c + i] = (int8_t)ek_clamp(mean, p->act_min, p->act_max);
        }
    }
}
