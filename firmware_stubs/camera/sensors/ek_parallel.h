/* ek_parallel.h - a frame from the eight data lines of a sensor, by looking at them without pause.
 *
 * VSYNC is high between frames, HREF within a row; a byte is taken where PCLK has gone high. A row
 * with too few or too many bytes is a fault: so bytes that a slow core missed do not pass for a
 * picture.
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

#include <stdbool.h>
#include <stdint.h>

static inline bool ek_parallel_wait(uint32_t line, bool high)
{
    for (uint32_t looks = 0; looks < EK_PARALLEL_PATIENCE; looks++)
        if (((ek_parallel_levels() & line) != 0) == high) return true;
    return false;
}

/* Until HREF is high; false when the frame ends before, or nothing happens. */
static inline bool ek_parallel_wait_row(void)
{
    for (uint32_t looks = 0; looks < EK_PARALLEL_PATIENCE; looks++) {
        const uint32_t levels = ek_parallel_levels();
        if (levels & EK_PARALLEL_VSYNC) return false;
        if (levels & EK_PARALLEL_HREF) return true;
    }
    return false;
}

/* The row that has begun; how many bytes came, of which at most `room` are kept. */
static inline uint32_t ek_parallel_row(uint8_t *bytes, uint32_t room)
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

/* The next whole frame; null, or what is wrong. */
static inline const char *ek_parallel_frame(uint8_t *frame, uint32_t row_bytes, uint32_t rows)
{
    if (!ek_parallel_wait(EK_PARALLEL_VSYNC, true) || !ek_parallel_wait(EK_PARALLEL_VSYNC, false))
        return "no frames";
    for (uint32_t y = 0; y < rows; y++) {
        if (!ek_parallel_wait_row()) return "too few rows";
        const uint32_t came = ek_parallel_row(frame + y * row_bytes, row_bytes);
        if (came < row_bytes) return "short row";
        if (came > row_bytes) return "long row";
    }
    return 0;
}

#endif
