/* ek_parallel.h - a frame from the eight data lines of a sensor, by looking at them without pause.
 *
 * VSYNC is high between frames, HREF within a row; a byte is taken where PCLK has gone high. Bytes
 * that a slow core missed make a short row, and so do not pass for a picture.
 *
 * The file that includes this defines before
 *
 *     static inline uint32_t ek_parallel_levels(void)         all lines in one look
 *     static inline uint8_t ek_parallel_byte(uint32_t levels)
 *     EK_PARALLEL_VSYNC, EK_PARALLEL_HREF, EK_PARALLEL_PCLK   their bits in a look
 *     EK_PARALLEL_PATIENCE                                    looks, in which something must happen
 */
#ifndef EK_PARALLEL_H
#define EK_PARALLEL_H

#include "ek_row_source.h"

static ek_sync_t ek_parallel_look(void)
{
    const uint32_t levels = ek_parallel_levels();
    if (levels & EK_PARALLEL_VSYNC) return EK_SYNC_FRAMES;
    return levels & EK_PARALLEL_HREF ? EK_SYNC_ROW : EK_SYNC_ROWS;
}

static uint32_t ek_parallel_read(uint8_t *bytes, uint32_t room)
{
    uint32_t came = 0;
    bool before = false;
    for (uint32_t looks = 0; looks < EK_PARALLEL_PATIENCE; looks++) {
        const uint32_t levels = ek_parallel_levels();
        const bool now = (levels & EK_PARALLEL_PCLK) != 0;
        if (!(levels & EK_PARALLEL_HREF)) break;
        if (now && !before) {
            if (came < room) bytes[came] = ek_parallel_byte(levels);
            came++;
        }
        before = now;
    }
    return came;
}

#define EK_PARALLEL_SOURCE \
    {.look = ek_parallel_look, .read = ek_parallel_read, .patience = EK_PARALLEL_PATIENCE}

#endif
