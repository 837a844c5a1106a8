/* ek_row_source.c - see ek_row_source.h. */
#include "ek_row_source.h"

static bool await(const ek_row_source_t *source, ek_sync_t sync)
{
    for (uint32_t looks = 0; looks < source->patience; looks++)
        if (source->look() == sync) return true;
    return false;
}

static bool await_other(const ek_row_source_t *source, ek_sync_t sync)
{
    for (uint32_t looks = 0; looks < source->patience; looks++)
        if (source->look() != sync) return true;
    return false;
}

/* Until a row begins; false when the frame ends before, or nothing happens. */
static bool await_row(const ek_row_source_t *source)
{
    for (uint32_t looks = 0; looks < source->patience; looks++) {
        const ek_sync_t sync = source->look();
        if (sync != EK_SYNC_ROWS) return sync == EK_SYNC_ROW;
    }
    return false;
}

static const char *row(const ek_row_source_t *source, uint8_t *bytes, uint32_t row_bytes,
                       uint32_t before)
{
    const uint32_t wanted = 8u * row_bytes;
    uint32_t came;
    if (source->read) {
        came = 8u * source->read(bytes, row_bytes);
    } else {
        (void)await_other(source, EK_SYNC_ROW);
        came = source->came() - 8u * before;
    }
    if (came > wanted) return EK_FAULT_LONG_ROW;
    const char *const trouble = source->trouble ? source->trouble() : 0;
    if (trouble) return trouble;
    return came < wanted ? EK_FAULT_SHORT_ROW : 0;
}

static const char *take(const ek_row_source_t *source, uint8_t *frame, uint32_t row_bytes,
                        uint32_t count)
{
    if (!await(source, EK_SYNC_FRAMES)) return EK_FAULT_NO_FRAMES;
    if (!await_other(source, EK_SYNC_FRAMES)) return EK_FAULT_NO_FRAMES;
    for (uint32_t y = 0; y < count; y++) {
        if (!await_row(source)) return EK_FAULT_FEW_ROWS;
        const char *const fault = row(source, frame + y * row_bytes, row_bytes, y * row_bytes);
        if (fault) return fault;
    }
    return await_row(source) ? EK_FAULT_MANY_ROWS : 0;
}

const char *ek_row_source_frame(const ek_row_source_t *source, uint8_t *frame, uint32_t row_bytes,
                                uint32_t count)
{
    if (!source->arm) return take(source, frame, row_bytes, count);
    if (!await_other(source, EK_SYNC_FRAMES)) return EK_FAULT_NO_FRAMES;
    source->arm(frame, count * row_bytes + EK_FRAME_SPARE);
    const char *const fault = take(source, frame, row_bytes, count);
    source->disarm();
    return fault;
}
