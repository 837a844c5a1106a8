/* ek_driver.c - see ek_driver.h. */
#include "ek_driver.h"

#include <string.h>

#include "board.h"
#include "ek_camera.h"
#include "ek_camera_plan.h"
#include "ek_port.h"

/* Whole cache lines, so that nothing else changes with the frame. */
enum { LINE = 32, BYTES = (EK_CAMERA_PLAN_FRAME_BYTES + EK_FRAME_SPARE + LINE - 1) / LINE * LINE };

/* Its own symbol, so that a debugger finds it. */
extern uint8_t ek_driver_frame[BYTES];
_Alignas(LINE) uint8_t ek_driver_frame[BYTES];

static bool ready;

void ek_driver_wait(void *port, uint32_t microseconds)
{
    (void)port;
    const uint64_t start = ek_port_cycles();
    const uint64_t cycles = (uint64_t)microseconds * (EK_BOARD_HZ / 1000000u);
    while (ek_port_cycles() - start < cycles) {
    }
}

static bool is_wanted(const ek_sensor_mode_t *mode)
{
    return mode->width == EK_CAMERA_PLAN_WIDTH && mode->height == EK_CAMERA_PLAN_HEIGHT &&
           strcmp(mode->format, EK_CAMERA_PLAN_FORMAT) == 0;
}

static const ek_sensor_mode_t *wanted_mode(void)
{
    for (uint32_t i = 0; i < ek_driver.count; i++)
        if (is_wanted(ek_driver.modes[i])) return ek_driver.modes[i];
    return 0;
}

static const char *start(void)
{
    const ek_sensor_mode_t *const mode = wanted_mode();
    if (!mode) return EK_FAULT_NO_MODE;
    ek_driver.start(mode->sensor);
    ek_driver_wait(0, 1000u * mode->sensor->settle_ms);
    uint16_t done;
    ek_sccb_status_t status = ek_sensor_begin(&ek_driver.bus, mode, &done);
    if (status == EK_SCCB_OK)
        status = ek_sensor_write_all(&ek_driver.bus, mode->sensor, &ek_driver.own, &done);
    return status == EK_SCCB_OK ? 0 : ek_sccb_status_name(status);
}

const char *ek_camera_begin(void)
{
    if (!ready) {
        const char *const fault = start();
        if (fault) return fault;
    }
    const char *const fault = ek_row_source_frame(&ek_driver.source, ek_driver_frame,
                                                  EK_CAMERA_PLAN_STRIDE, EK_CAMERA_PLAN_HEIGHT);
    ready = !fault; /* after a fault it is set up again */
    return fault;
}

const uint8_t *ek_camera_row(void *camera, uint32_t y)
{
    (void)camera;
    return ek_driver_frame + y * EK_CAMERA_PLAN_STRIDE;
}

uint8_t *ek_camera_frame_memory(void) { return 0; }

const uint8_t *ek_camera_kept(void) { return ek_driver_frame; }
