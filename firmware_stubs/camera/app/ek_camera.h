/* ek_camera.h - the camera at work: capture, convert, decide, infer; and what a driver supplies. */
#ifndef EK_CAMERA_H
#define EK_CAMERA_H

#include <stdbool.h>
#include <stdint.h>

#include "ek_gate.h"

typedef struct {
    const char *fault; /* why there is no frame, and nothing below counts; null: there is one */
    bool ran;          /* false: the gate saw nothing new */
    uint16_t changed;  /* blocks that the gate found changed */
    uint64_t take;     /* ticks until row 0 was there, with those of an empty window */
    uint64_t convert;  /* ticks of conversion and gate likewise, and of rows that had to be awaited */
    uint64_t infer;    /* ticks of the inference likewise; 0 where it did not run */
} ek_capture_t;

/* One frame; `gated` leaves it to the gate whether the model runs. */
ek_capture_t ek_camera_capture(bool gated);

/* A new setting in place of the plan's; what the gate has seen is forgotten. */
void ek_camera_set_gate(const ek_gate_setting_t *setting);

/* --- of the driver --- */

extern const char ek_camera_name[];

/* Starts a frame, of which row 0 comes next: null, or why there is none, in few words. */
const char *ek_camera_begin(void);

/* As ek_frame_row_t. */
const uint8_t *ek_camera_row(void *camera, uint32_t y);

/* Where the host may put a frame, or null for a camera that takes its own. */
uint8_t *ek_camera_frame_memory(void);

/* The last frame, EK_CAMERA_PLAN_FRAME_BYTES, until the next begins; null where none is kept. */
const uint8_t *ek_camera_kept(void);

#endif
