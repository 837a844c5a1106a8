/* ek_sensor.c - see ek_sensor.h. */
#include "ek_sensor.h"

enum { WRITE = 0, READ = 1 };

/* A byte that may be refused, and what it means if it is. */
static ek_sccb_status_t send(const ek_sccb_t *bus, uint32_t byte, ek_sccb_status_t refused)
{
    const ek_sccb_status_t status = ek_sccb_send(bus, (uint8_t)byte);
    return status == EK_SCCB_NO_ACKNOWLEDGE ? refused : status;
}

static ek_sccb_status_t call(const ek_sccb_t *bus, const ek_sensor_t *sensor, uint32_t direction)
{
    const ek_sccb_status_t status = ek_sccb_start(bus);
    if (status != EK_SCCB_OK) return status;
    return send(bus, (uint32_t)sensor->address << 1 | direction, EK_SCCB_NO_CHIP);
}

static ek_sccb_status_t choose(const ek_sccb_t *bus, const ek_sensor_t *sensor, uint16_t at)
{
    ek_sccb_status_t status = call(bus, sensor, WRITE);
    if (status == EK_SCCB_OK && sensor->register_bytes == 2)
        status = send(bus, (uint32_t)at >> 8, EK_SCCB_REGISTER_REFUSED);
    return status == EK_SCCB_OK ? send(bus, at, EK_SCCB_REGISTER_REFUSED) : status;
}

/* The bus is left idle whatever happened; what happened first counts. */
static ek_sccb_status_t finish(const ek_sccb_t *bus, ek_sccb_status_t status)
{
    const ek_sccb_status_t stopped = ek_sccb_stop(bus);
    return status == EK_SCCB_OK ? stopped : status;
}

ek_sccb_status_t ek_sensor_write(const ek_sccb_t *bus, const ek_sensor_t *sensor, uint16_t at,
                                 uint8_t value)
{
    ek_sccb_status_t status = choose(bus, sensor, at);
    if (status == EK_SCCB_OK) status = send(bus, value, EK_SCCB_VALUE_REFUSED);
    return finish(bus, status);
}

ek_sccb_status_t ek_sensor_read(const ek_sccb_t *bus, const ek_sensor_t *sensor, uint16_t at,
                                uint8_t *value)
{
    ek_sccb_status_t status = choose(bus, sensor, at);
    if (status != EK_SCCB_OK || !sensor->restarts) status = finish(bus, status);
    if (status != EK_SCCB_OK) return status;
    status = call(bus, sensor, READ);
    if (status == EK_SCCB_OK) status = ek_sccb_receive(bus, false, value);
    return finish(bus, status);
}

ek_sccb_status_t ek_sensor_write_all(const ek_sccb_t *bus, const ek_sensor_t *sensor,
                                     const ek_registers_t *registers, uint16_t *done)
{
    for (*done = 0; *done < registers->count; ++*done) {
        const ek_register_t *const next = registers->rows + *done;
        const ek_sccb_status_t status = ek_sensor_write(bus, sensor, next->at, next->value);
        if (status != EK_SCCB_OK) return status;
        if (next->wait_ms != 0) bus->wait(bus->port, 1000u * next->wait_ms);
    }
    return EK_SCCB_OK;
}

ek_sccb_status_t ek_sensor_identify(const ek_sccb_t *bus, const ek_sensor_t *sensor)
{
    uint16_t selected;
    ek_sccb_status_t status = ek_sensor_write_all(bus, sensor, &sensor->select, &selected);
    for (uint32_t i = 0; status == EK_SCCB_OK && i < sensor->identities; i++) {
        const ek_identity_t *const wanted = sensor->identity + i;
        uint8_t found = 0;
        status = ek_sensor_read(bus, sensor, wanted->at, &found);
        if (status == EK_SCCB_OK && (found & wanted->mask) != wanted->value)
            status = EK_SCCB_WRONG_CHIP;
    }
    return status;
}

ek_sccb_status_t ek_sensor_begin(const ek_sccb_t *bus, const ek_sensor_mode_t *mode, uint16_t *done)
{
    *done = 0;
    ek_sccb_status_t status = ek_sccb_free(bus);
    if (status == EK_SCCB_OK) status = ek_sensor_identify(bus, mode->sensor);
    if (status == EK_SCCB_OK)
        status = ek_sensor_write_all(bus, mode->sensor, &mode->common, done);
    if (status != EK_SCCB_OK) return status;
    uint16_t more;
    status = ek_sensor_write_all(bus, mode->sensor, &mode->own, &more);
    *done = (uint16_t)(*done + more);
    return status;
}
