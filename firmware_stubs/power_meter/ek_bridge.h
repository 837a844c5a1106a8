/* ek_bridge.h - from a sensor to lines on a serial port, and the commands that come from there.
 *
 * README.md describes the lines. Nothing here knows of Arduino: the sketch hands over characters,
 * the time and the level of the mark pin, and sends what it gets back. */
#ifndef EK_BRIDGE_H
#define EK_BRIDGE_H

#include "ek_ina.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EK_BRIDGE_VERSION = 1, EK_BRIDGE_COMMAND = 24, EK_BRIDGE_LINE = 160 };

typedef struct {
    ek_ina_t ina;
    uint32_t rate_hz, period_us, next_us;
    uint32_t count, missed;
    bool running, ready;
    uint8_t length;
    char command[EK_BRIDGE_COMMAND];
    char line[EK_BRIDGE_LINE];
} ek_bridge_t;

/* All texts returned are lines with CR LF, valid until the next call; NULL is nothing to send. */

/* Set the sensor up; the header, or an error line when it does not answer. */
const char *ek_bridge_begin(ek_bridge_t *bridge, const ek_ina_t *ina);

/* Take one character from the host; the answer when it ends a command. */
const char *ek_bridge_receive(ek_bridge_t *bridge, char character, uint32_t now_us);

/* The next sample when it is due. */
const char *ek_bridge_poll(ek_bridge_t *bridge, uint32_t now_us, bool mark);

/* The line of the last sample found no room in the port's buffer. */
void ek_bridge_missed(ek_bridge_t *bridge);

#ifdef __cplusplus
}
#endif
#endif
