/* ek_driver.h - what the drivers of real sensors have alike: setting up, the frame's memory, faults.
 *
 * A driver defines `ek_driver` and `ek_camera_name`; ek_driver.c makes of it what ek_camera.h asks.
 */
#ifndef EK_DRIVER_H
#define EK_DRIVER_H

#include "ek_row_source.h"
#include "ek_sensors.h"

typedef struct {
    const ek_sensor_mode_t *const *modes; /* that the wiring can take */
    uint32_t count;
    ek_registers_t own;                       /* of this board, after those of the mode */
    void (*start)(const ek_sensor_t *sensor); /* pins, and the sensor's clock */
    ek_sccb_t bus;                            /* its `wait` is ek_driver_wait */
    ek_row_source_t source;
} ek_driver_t;

extern const ek_driver_t ek_driver;

/* As ek_sccb_t's, by the count of cycles. */
void ek_driver_wait(void *port, uint32_t microseconds);

#endif
