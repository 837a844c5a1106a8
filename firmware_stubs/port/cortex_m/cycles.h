/* cycles.h - 64 bits of core cycles from the 32 of the DWT and a timer of the board.
 *
 * The DWT's CYCCNT counts core cycles, wraps within seconds and stands still while the core
 * sleeps. A slow timer says which of its rounds this is, and how long the core slept. Both run
 * from one clock, so neither drifts from the other. Armv7-M ARM C1.8.7, Armv8-M ARM D1.2.67.
 */
#ifndef EK_CYCLES_H
#define EK_CYCLES_H

#include <stdint.h>

/* The board's: cycles since reset by the slow timer, 64 bits, rounded down to its step. */
uint64_t ek_slow_cycles(void);

/* The number next to `about` that ends in the `bits` bits of `low`. */
static inline uint64_t ek_nearest(uint64_t about, uint32_t low, uint32_t bits)
{
    int32_t apart = (int32_t)((low - (uint32_t)about) << (32 - bits)) >> (32 - bits);
    return about + (uint64_t)(int64_t)apart;
}

/* Starts the count; the slow timer runs. */
void ek_cycles_start(void);

/* After a sleep: what was slept counts too. */
void ek_cycles_woke(void);

#endif
