/* ek_frames.h - frames on the line: COBS, CRC, and what to do with a complete one. */
#ifndef EK_FRAMES_H
#define EK_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "ek_config.h"

#define EK_FRAME_OVERHEAD 4 /* type, seq, crc16 */
/* Encoded size: COBS adds one byte, and one more for every 254. */
#define EK_FRAME_ENCODED (EK_FRAME_BYTES + EK_FRAME_OVERHEAD + EK_FRAME_BYTES / 254 + 2)

uint16_t ek_crc16(const uint8_t *data, uint32_t count);
uint32_t ek_crc32(uint32_t crc, const uint8_t *data, uint32_t count); /* as zlib; start with 0 */

/* Decodes `count` bytes in place: the decoded length, or -1 for what no encoder makes. */
int ek_cobs_decode(uint8_t *data, int count);

/* Handles one received frame (without its zero bytes) and sends the reply. */
void ek_frames_receive(uint8_t *encoded, int count, bool overflow);

#endif
