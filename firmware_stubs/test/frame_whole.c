/* frame_whole.c - rows of a frame that lies whole in memory, for tests of camera/. */
#include "frame_whole.h"

const uint8_t *frame_whole_row(void *camera, uint32_t y)
{
    const frame_whole_t *frame = camera;
    return frame->bytes + y * frame->stride;
}
