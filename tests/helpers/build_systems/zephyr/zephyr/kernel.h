/* Stand-in for Zephyr's kernel on this machine: what the generated sample calls. */
#pragma once
#include <stdint.h>

uint32_t k_cycle_get_32(void);
