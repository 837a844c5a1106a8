/* ek_gate.h - whether a scene has changed enough to look at it again.
 *
 * The picture at the model's size is cut into blocks of 8 x 8 pixels. A block has changed when the
 * mean of its samples differs from that in the last frame that was looked at by more than a
 * threshold; the threshold is a lower one while the scene moves (hysteresis). All integers;
 * converter/camera/gate.py defines it.
 */
#ifndef EK_GATE_H
#define EK_GATE_H

#include <stdbool.h>
#include <stdint.h>

enum { EK_GATE_BLOCK = 8, EK_GATE_STEPS = 16 };

typedef struct {
    uint16_t enter;   /* opens: mean difference of a block, in 1/16 of an 8-bit level */
    uint16_t leave;   /* keeps open; not more than `enter` */
    uint16_t blocks;  /* that have to have changed, at least 1 */
    uint16_t hold;    /* still frames in a row that are looked at before it closes */
    uint16_t refresh; /* looks at every so manieth frame at least; 0: never for that */
} ek_gate_setting_t;

typedef struct {
    ek_gate_setting_t setting;
    uint16_t width, height;   /* of the picture, pixels */
    uint8_t channels;         /* bytes of a pixel: at most 3, so that sums fit 16 bits */
    uint16_t *now;            /* sums of the blocks of this frame */
    uint16_t *reference;      /* and of the last frame that was looked at */
    uint16_t skipped, still;  /* frames in a row */
    uint16_t changed;         /* blocks, in the last frame */
    bool open, known;         /* known: there is a reference */
} ek_gate_t;

/* Forgets what it has seen. */
void ek_gate_reset(ek_gate_t *gate);

/* Before the rows of a frame, and each of them; `gate` is an ek_gate_t, as ek_frame_seen_t wants. */
void ek_gate_begin(ek_gate_t *gate);
void ek_gate_row(void *gate, uint32_t y, const uint8_t *pixels);

/* After the last row: whether to look at the frame. */
bool ek_gate_decide(ek_gate_t *gate);

#endif
