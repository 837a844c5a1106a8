/* parallel_replay.c - ek_parallel.h on recorded levels, for tests: the last one stays for ever. */
#include <stdint.h>

const char *parallel_replay(const uint32_t *levels, uint32_t count, uint8_t *frame,
                            uint32_t row_bytes, uint32_t rows);

#define EK_PARALLEL_VSYNC 0x100u
#define EK_PARALLEL_HREF 0x200u
#define EK_PARALLEL_PCLK 0x400u
#define EK_PARALLEL_PATIENCE 500u

static const uint32_t *recorded;
static uint32_t left;

static inline uint32_t ek_parallel_levels(void)
{
    if (left == 1) return *recorded;
    left--;
    return *recorded++;
}

static inline uint8_t ek_parallel_byte(uint32_t levels) { return (uint8_t)levels; }

#include "ek_parallel.h"

const char *parallel_replay(const uint32_t *levels, uint32_t count, uint8_t *frame,
                            uint32_t row_bytes, uint32_t rows)
{
    recorded = levels;
    left = count;
    const ek_row_source_t source = EK_PARALLEL_SOURCE;
    return ek_row_source_frame(&source, frame, row_bytes, rows);
}
