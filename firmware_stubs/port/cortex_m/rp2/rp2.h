/* rp2.h - what RP2040 and RP2350 share; each brings its count of cycles and its microseconds. */
#ifndef EK_RP2_H
#define EK_RP2_H

#include <stdbool.h>

/* Brings up clocks, line and trigger pin. The timer's microseconds are the chip's own to start. */
void ek_rp2_start(void);

/* Whether a byte has arrived. */
bool ek_rp2_has_byte(void);

#endif
