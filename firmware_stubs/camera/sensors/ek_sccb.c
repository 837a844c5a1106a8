/* ek_sccb.c - see ek_sccb.h. */
#include "ek_sccb.h"

/* Half a clock, microseconds: SCCB 2.2, section 2.2, gives 10 for a whole one; I2C takes 100 kHz. */
enum { HALF = 5 };

/* Halves that a chip may hold the clock: 10 ms. */
enum { PATIENCE = 2000 };

enum { CLEARING = 9 };

const char *ek_sccb_status_name(ek_sccb_status_t status)
{
    static const char *const names[EK_SCCB_STATUSES] = {
        [EK_SCCB_OK] = "ok",
        [EK_SCCB_CLOCK_HELD] = "clock held",
        [EK_SCCB_DATA_HELD] = "data held",
        [EK_SCCB_NO_ACKNOWLEDGE] = "no acknowledge",
        [EK_SCCB_NO_CHIP] = "no chip",
        [EK_SCCB_REGISTER_REFUSED] = "register refused",
        [EK_SCCB_VALUE_REFUSED] = "value refused",
        [EK_SCCB_WRONG_CHIP] = "wrong chip",
    };
    return (unsigned)status < EK_SCCB_STATUSES ? names[status] : "unknown";
}

static void set_data(const ek_sccb_t *bus, bool high)
{
    bus->set(bus->port, EK_SCCB_DATA, high);
    bus->wait(bus->port, HALF);
}

static bool data(const ek_sccb_t *bus) { return bus->read(bus->port, EK_SCCB_DATA); }

static void clock_low(const ek_sccb_t *bus) { bus->set(bus->port, EK_SCCB_CLOCK, false); }

static ek_sccb_status_t clock_high(const ek_sccb_t *bus)
{
    bus->set(bus->port, EK_SCCB_CLOCK, true);
    bus->wait(bus->port, HALF);
    for (uint32_t waited = 0; !bus->read(bus->port, EK_SCCB_CLOCK); waited++) {
        if (waited == PATIENCE) return EK_SCCB_CLOCK_HELD;
        bus->wait(bus->port, HALF);
    }
    return EK_SCCB_OK;
}

/* One clock with the data line at `out`; what it then carries. */
static ek_sccb_status_t exchange(const ek_sccb_t *bus, bool out, bool *in)
{
    set_data(bus, out);
    const ek_sccb_status_t status = clock_high(bus);
    *in = data(bus);
    clock_low(bus);
    return status;
}

ek_sccb_status_t ek_sccb_free(const ek_sccb_t *bus)
{
    set_data(bus, true);
    ek_sccb_status_t status = clock_high(bus);
    for (uint32_t clocks = 0; status == EK_SCCB_OK && !data(bus); clocks++) {
        if (clocks == CLEARING) return EK_SCCB_DATA_HELD;
        clock_low(bus);
        bus->wait(bus->port, HALF);
        status = clock_high(bus);
    }
    if (status != EK_SCCB_OK) return status;
    set_data(bus, false); /* a start, with which a chip drops what it was doing, and at once a stop */
    set_data(bus, true);
    return data(bus) ? EK_SCCB_OK : EK_SCCB_DATA_HELD;
}

ek_sccb_status_t ek_sccb_start(const ek_sccb_t *bus)
{
    set_data(bus, true);
    const ek_sccb_status_t status = clock_high(bus);
    if (status != EK_SCCB_OK) return status;
    if (!data(bus)) return EK_SCCB_DATA_HELD;
    set_data(bus, false);
    clock_low(bus);
    return EK_SCCB_OK;
}

ek_sccb_status_t ek_sccb_stop(const ek_sccb_t *bus)
{
    set_data(bus, false);
    const ek_sccb_status_t status = clock_high(bus);
    set_data(bus, true);
    if (status != EK_SCCB_OK) return status;
    return data(bus) ? EK_SCCB_OK : EK_SCCB_DATA_HELD;
}

ek_sccb_status_t ek_sccb_send(const ek_sccb_t *bus, uint8_t byte)
{
    bool high = true;
    for (uint32_t bit = 0x80; bit != 0; bit >>= 1) {
        const ek_sccb_status_t status = exchange(bus, (byte & bit) != 0, &high);
        if (status != EK_SCCB_OK) return status;
    }
    const ek_sccb_status_t status = exchange(bus, true, &high);
    if (status != EK_SCCB_OK) return status;
    return high ? EK_SCCB_NO_ACKNOWLEDGE : EK_SCCB_OK;
}

ek_sccb_status_t ek_sccb_receive(const ek_sccb_t *bus, bool more, uint8_t *byte)
{
    uint32_t value = 0;
    bool high = true;
    for (uint32_t bits = 0; bits < 8; bits++) {
        const ek_sccb_status_t status = exchange(bus, true, &high);
        if (status != EK_SCCB_OK) return status;
        value = value << 1 | high;
    }
    *byte = (uint8_t)value;
    return exchange(bus, !more, &high);
}
