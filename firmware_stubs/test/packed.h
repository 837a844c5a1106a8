/* packed.h - the table of kernels that packed_main.c runs. */
#ifndef PACKED_H
#define PACKED_H

#include <stdint.h>

typedef void (*packed_kernel_t)();

typedef struct {
    const char *name;
    packed_kernel_t run;
} packed_entry_t;

extern const packed_entry_t packed_kernels[];

#endif
