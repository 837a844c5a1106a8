/* ek_sensor.h - registers of a camera sensor: one at a time, a table of them, and which chip it is.
 *
 * Sensors are data: one file each (ov7670.c, hm01b0.c, ...). HREF of all is high within rows.
 */
#ifndef EK_SENSOR_H
#define EK_SENSOR_H

#include "ek_sccb.h"

typedef struct {
    uint16_t at;
    uint8_t value;
    uint8_t wait_ms; /* after it was written */
} ek_register_t;

typedef struct {
    const ek_register_t *rows;
    uint16_t count;
} ek_registers_t;

#define EK_REGISTERS(table) {(table), sizeof(table) / sizeof *(table)}

/* A register that tells the chip: its bits under `mask` are `value`. */
typedef struct {
    uint16_t at;
    uint8_t mask, value;
} ek_identity_t;

typedef struct {
    const char *name;
    uint8_t address;        /* 7 bits */
    uint8_t register_bytes; /* of a register's number: 1, or 2 with the upper one first */
    bool restarts;          /* a read goes on with a repeated start; SCCB has a stop and a start */
    uint8_t settle_ms;      /* from power and clock to the first transfer; the port's to wait */
    uint8_t identities;
    const ek_identity_t *identity;
    ek_registers_t select; /* before `identity` is read: the bank that it is in */
    bool frame_high;       /* VSYNC is high within frames and low between them; or the reverse */
    bool falling;          /* bytes are taken where the pixel clock falls; or where it rises */
} ek_sensor_t;

/* One picture size and format of a sensor. */
typedef struct {
    const ek_sensor_t *sensor;
    const char *format; /* as `edgekit camera --format` names it */
    uint16_t width, height;
    ek_registers_t common; /* of all modes, a reset first; then */
    ek_registers_t own;
} ek_sensor_mode_t;

/* OK, CLOCK_HELD, DATA_HELD, NO_CHIP, REGISTER_REFUSED; writing also VALUE_REFUSED. */
ek_sccb_status_t ek_sensor_write(const ek_sccb_t *, const ek_sensor_t *, uint16_t at, uint8_t value);
ek_sccb_status_t ek_sensor_read(const ek_sccb_t *, const ek_sensor_t *, uint16_t at, uint8_t *value);

/* All of them in order; `done` counts those that were taken. */
ek_sccb_status_t ek_sensor_write_all(const ek_sccb_t *, const ek_sensor_t *,
                                     const ek_registers_t *registers, uint16_t *done);

/* As ek_sensor_read, or WRONG_CHIP. Apart from the bank nothing is written. */
ek_sccb_status_t ek_sensor_identify(const ek_sccb_t *, const ek_sensor_t *);

/* Frees the bus, identifies the sensor, and only then writes the mode; `done` as above, over both
 * tables. */
ek_sccb_status_t ek_sensor_begin(const ek_sccb_t *, const ek_sensor_mode_t *, uint16_t *done);

#endif
