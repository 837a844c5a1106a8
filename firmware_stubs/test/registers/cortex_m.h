/* cortex_m.h - registers of a model instead of a chip's, for tests: see registers.c. */
#ifndef EK_CORTEX_M_H
#define EK_CORTEX_M_H

#include <stdint.h>

volatile uint32_t *model_register(uint32_t address);

#define EK_REG(address) (*model_register(address))

static inline void ek_barrier(void) {}

#endif
