/* virtual_camera.c - a camera whose frames the host puts into memory. */
#include "ek_camera.h"
#include "ek_camera_plan.h"

const char ek_camera_name[] = "virtual";

/* Its own symbol, so that a debugger can fill it. */
extern uint8_t ek_camera_frame[EK_CAMERA_PLAN_FRAME_BYTES];
uint8_t ek_camera_frame[EK_CAMERA_PLAN_FRAME_BYTES];

const char *ek_camera_begin(void) { return 0; }

const uint8_t *ek_camera_row(void *camera, uint32_t y)
{
    (void)camera;
    return ek_camera_frame + y * EK_CAMERA_PLAN_STRIDE;
}

uint8_t *ek_camera_frame_memory(void) { return ek_camera_frame; }

const uint8_t *ek_camera_kept(void) { return ek_camera_frame; }
