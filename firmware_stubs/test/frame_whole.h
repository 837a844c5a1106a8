/* frame_whole.h - see frame_whole.c. */
#ifndef FRAME_WHOLE_H
#define FRAME_WHOLE_H

#include <stdint.h>

typedef struct {
    const uint8_t *bytes;
    uint32_t stride; /* bytes from a row to the next */
} frame_whole_t;

const uint8_t *frame_whole_row(void *camera, uint32_t y);

#endif
