/* m7.h - what every Cortex-M7 wants once, whoever made the chip. */
#ifndef EK_M7_H
#define EK_M7_H

/* Unlocks the DWT, and switches both caches on. */
void ek_m7_start(void);

#endif
