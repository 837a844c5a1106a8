/* ek_stored.h - what decoders of stored weights share. */
#ifndef EK_STORED_H
#define EK_STORED_H

#include <stdint.h>

/* Bytes that stand two to an int16, as 256 * second + first, borrow from the second where the first
 * is negative: what is stored is free of that, so that it has fewer different values. */
static inline void ek_join_lanes(int8_t *bytes, int32_t count)
{
    for (int32_t i = 1; i < count; i += 2) bytes[i] = (int8_t)(bytes[i] - (bytes[i - 1] < 0));
}

#endif
