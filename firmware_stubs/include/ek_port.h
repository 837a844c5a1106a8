/* ek_port.h - everything a board must supply: these seven functions are the whole porting job.
 *
 * port/posix/ implements them over standard input and output, so the application itself is
 * tested on the host; port/cortex_m/ holds the boards.
 */
#ifndef EK_PORT_H
#define EK_PORT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *board;    /* "mps2-an386" */
    const char *counter;  /* what a tick stands for: "instructions", "cycles" or "time" */
    uint32_t counter_hz;  /* ticks per second of the board's own clock */
    uint32_t baud;        /* 0 where the line has no rate */
    uint32_t stack_bytes; /* reserved; 0 when unknown */
    uint32_t stack_used;  /* high-water mark since reset; 0 when unknown */
} ek_port_info_t;

/* Brings up clock, line, counter and trigger pin (high). Called once, first. */
void ek_port_init(void);

/* Up to `size` bytes that have arrived: their number, 0 for none yet, -1 when the line is closed
 * for good (never on a board). Does not wait. */
int ek_port_read(uint8_t *data, int size);

/* Sends `size` bytes; returns when the last was accepted. */
void ek_port_write(const uint8_t *data, int size);

/* Free-running counter since reset, 64 bits, never backwards. */
uint64_t ek_port_cycles(void);

/* Drives the trigger pin: low (false) while a timed window runs, high (true) otherwise. */
void ek_port_trigger(bool high);

/* Returns when bytes may have arrived; saves power until then. May return early. */
void ek_port_sleep(void);

/* Fills in the facts above. */
void ek_port_info(ek_port_info_t *info);

#endif
