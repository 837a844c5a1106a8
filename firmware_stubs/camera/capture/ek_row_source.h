/* ek_row_source.h - a frame, row by row in step with the sensor, counted; what is wrong has a name.
 *
 * The core looks at VSYNC and HREF and so knows between rows how many bytes each of them had. Who
 * takes the bytes differs: the core itself (`read`), or hardware that was told once where the
 * frame goes (`arm`, `came`).
 */
#ifndef EK_ROW_SOURCE_H
#define EK_ROW_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

/* Why there is no frame; docs/camera.md says what to look at. */
#define EK_FAULT_NO_FRAMES "no frames"         /* VSYNC stands still */
#define EK_FAULT_FEW_ROWS "too few rows"       /* VSYNC, or nothing more, before the last row */
#define EK_FAULT_MANY_ROWS "too many rows"     /* another row instead of VSYNC */
#define EK_FAULT_SHORT_ROW "short row"         /* HREF ended before the last byte */
#define EK_FAULT_LONG_ROW "long row"           /* bytes beyond the last */
#define EK_FAULT_LOST "bytes lost"             /* hardware had no room for a byte: an overrun */
#define EK_FAULT_TRANSFER "transfer error"     /* the DMA was refused by a bus */
#define EK_FAULT_NO_MODE "no such mode"        /* the sensor has no table for this format and size */

/* Bytes that a frame's memory has beyond its end for hardware, so that too long a last row shows. */
enum { EK_FRAME_SPARE = 32 };

/* Where the sensor is: between frames, between rows, within a row. */
typedef enum { EK_SYNC_FRAMES, EK_SYNC_ROWS, EK_SYNC_ROW } ek_sync_t;

typedef struct {
    ek_sync_t (*look)(void);

    /* The row that has begun, read by the core until it ends: how many bytes came, of which at
     * most `room` are kept. Null: hardware takes the bytes. */
    uint32_t (*read)(uint8_t *bytes, uint32_t room);

    /* Of hardware. `arm` is called while a frame is under way and wants the next one, from its first
     * row on, of which not more than `bytes` are stored. `came` is called between rows: bits of all
     * rows so far; of a byte that is not whole, at least one of them and not all. `trouble` is null or
     * one of the faults above. */
    void (*arm)(uint8_t *frame, uint32_t bytes);
    uint32_t (*came)(void);
    const char *(*trouble)(void);
    void (*disarm)(void);

    uint32_t patience; /* looks, in which something must happen: about a second */
} ek_row_source_t;

/* The next whole frame; null, or what is wrong. `frame` has EK_FRAME_SPARE bytes more for hardware. */
const char *ek_row_source_frame(const ek_row_source_t *source, uint8_t *frame, uint32_t row_bytes,
                                uint32_t count);

#endif
