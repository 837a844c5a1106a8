/* shift_s8.c - a window over time moves on: its newer bytes move down, new ones follow. They move by
 * stretches no longer than the way, which therefore do not overlap; short ways are left to move_s8. */
#include <assert.h>
#include <string.h>

#include "ek_kernels.h"

void ek_shift_s8__ref(int32_t shift, int32_t kept, int32_t added, const int8_t *input,
                      int8_t *window)
{
    assert(shift >= 0 && kept >= 0 && added >= 0 && shift <= added);
    if (shift < 16) {
        ek_move_s8__ref(kept, window + shift, window);
    } else {
        for (int32_t done = 0; done < kept; done += shift) {
            const int32_t left = kept - done;
            memcpy(window + done, window + done + shift, (size_t)(left < shift ? left : shift));
        }
    }
    memcpy(window + kept, input, (size_t)added);
}
