/* ek_sccb.h - the two-wire bus of camera sensors, driven over two pins.
 *
 * SCCB (OmniVision, Serial Camera Control Bus Functional Specification 2.2, section 3) and I2C
 * (NXP UM10204, section 3.1) are the same on the wire as far as sensors need it: one master, bytes
 * with the highest bit first, a ninth bit in which the receiver pulls the data line low. SCCB leaves
 * that bit open; sensors that are sold as SCCB pull it low nevertheless, and it is checked here.
 *
 * Both lines are open drain with pull-ups: `high` lets a line go, it never drives it.
 */
#ifndef EK_SCCB_H
#define EK_SCCB_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { EK_SCCB_CLOCK, EK_SCCB_DATA } ek_sccb_line_t;

/* Of the port: two pins and a clock. `port` is handed through. */
typedef struct {
    void (*set)(void *port, ek_sccb_line_t line, bool high);
    bool (*read)(void *port, ek_sccb_line_t line);
    void (*wait)(void *port, uint32_t microseconds); /* at least that long */
    void *port;
} ek_sccb_t;

typedef enum {
    EK_SCCB_OK,
    EK_SCCB_CLOCK_HELD,       /* the clock line stays low: no pull-up, a short, a chip that hangs */
    EK_SCCB_DATA_HELD,        /* the data line stays low, even after nine clocks */
    EK_SCCB_NO_ACKNOWLEDGE,   /* nobody took the byte */
    EK_SCCB_NO_CHIP,          /* nobody took the address: no power, no clock for the sensor, wiring */
    EK_SCCB_REGISTER_REFUSED, /* the chip did not take the number of the register */
    EK_SCCB_VALUE_REFUSED,    /* the chip did not take the value */
    EK_SCCB_WRONG_CHIP,       /* another chip answers at the address */
    EK_SCCB_STATUSES
} ek_sccb_status_t;

/* As in the list above, in lower case and with spaces: "clock held". */
const char *ek_sccb_status_name(ek_sccb_status_t status);

/* Lets both lines go. A chip that was left in the middle of a byte gets up to nine clocks and a stop
 * (UM10204, 3.1.16). OK, CLOCK_HELD or DATA_HELD. */
ek_sccb_status_t ek_sccb_free(const ek_sccb_t *bus);

/* Start, also in the middle of a transfer (then I2C's repeated start), and stop. OK, CLOCK_HELD or
 * DATA_HELD. */
ek_sccb_status_t ek_sccb_start(const ek_sccb_t *bus);
ek_sccb_status_t ek_sccb_stop(const ek_sccb_t *bus);

/* One byte out. OK, CLOCK_HELD or NO_ACKNOWLEDGE. */
ek_sccb_status_t ek_sccb_send(const ek_sccb_t *bus, uint8_t byte);

/* One byte in; `more` acknowledges it. OK or CLOCK_HELD. */
ek_sccb_status_t ek_sccb_receive(const ek_sccb_t *bus, bool more, uint8_t *byte);

#endif
