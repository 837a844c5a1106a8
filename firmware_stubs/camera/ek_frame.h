/* ek_frame.h - a camera's frame to the model's input, row by row.
 *
 *   raw row -> 8-bit pixels -> resized across -> a few rows kept -> resized down -> stored values
 *
 * Nothing holds a whole frame: the work memory is one row of pixels, the resized rows that an
 * output row is mixed from, and that output row. Every number is an integer and rounds as Pillow's resize
 * of 8-bit images does; converter/camera/ defines it in NumPy and writes the plan as constants.
 */
#ifndef EK_FRAME_H
#define EK_FRAME_H

#include <stdint.h>

enum {
    EK_WEIGHT_BITS = 22, /* weights, none negative, of one output sum to 1 << 22 or nearly */
    EK_LEVELS = 256
};

/* Rows y - 1, y and y + 1 of a frame; where there is no such row, the nearest of the same colours.
 * Formats that need one row read `at` only. */
typedef struct {
    const uint8_t *above, *at, *below;
} ek_rows_t;

/* Pixels [left, left + columns) of row y, `channels` bytes each: red, green, blue, or grey.
 * `width` is that of the frame, for neighbours at its edges. */
typedef void ek_unpack_t(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                         uint32_t columns, uint8_t *pixels);

/* The same as lanes (ek_lanes.h): for every two pixels three words, red, green, blue. `left` is
 * even. */
typedef void ek_frame_lanes_t(const ek_rows_t *rows, uint32_t y, uint32_t width, uint32_t left,
                              uint32_t columns, uint32_t *lanes);

/* An output is mixed from `count` neighbours starting with `first`. */
typedef struct {
    uint16_t first, count;
} ek_taps_t;

typedef struct {
    uint16_t width, height;         /* of the frame */
    uint16_t left, columns;         /* what of each row is unpacked; `across` counts from `left` */
    uint16_t out_width, out_height; /* of the model's input */
    uint8_t channels;               /* 1 or 3 */
    uint8_t planes;                 /* that are resized: 1 for grey frames, else `channels` */
    uint8_t neighbours;             /* 1: unpack reads the rows above and below */
    uint8_t order[3];               /* input channel -> pixel channel: 0 1 2, or 2 1 0 for BGR */
    uint8_t bytes;                  /* of a stored value: 1, 2 or 4 */
    uint16_t kept;                  /* resized rows held: the largest count in `down` */
    ek_unpack_t *unpack;     /* null: a row's bytes are its pixels, as those of grey frames are */
    ek_frame_lanes_t *lanes; /* in place of `unpack`; `across` then counts pairs of pixels, and its
                              * weights, two a pair, are shifted left by 9. Null: not so */
    const ek_taps_t *across, *down;              /* [out_width], [out_height] */
    const int32_t *across_weight, *down_weight;  /* of all taps, one after another */
    const uint8_t *stored; /* [channels][EK_LEVELS][bytes]: 8-bit value -> normalized, quantized */
} ek_frame_plan_t;

/* Row `y` as the camera gives it. Rows are asked for in order, each once, some not at all; a row
 * stays valid until the third row after it is asked for. */
typedef const uint8_t *ek_frame_row_t(void *camera, uint32_t y);

/* Output row `y` before it is stored: out_width * channels bytes, in pixel order. */
typedef void ek_frame_seen_t(void *watcher, uint32_t y, const uint8_t *pixels);

typedef struct {
    uint8_t *pixels; /* columns * planes bytes: an unpacked row, where the plan unpacks any */
    uint8_t *kept;   /* kept * out_width * planes: resized rows, row y at y % kept */
    uint8_t *mixed;  /* out_width * channels: an output row */
    uint32_t *lanes; /* in place of `pixels` where the plan has lanes: 3 for every two columns */
} ek_frame_work_t;

/* out[out_height][out_width][channels] of `bytes` each, aligned to them. `seen` may be null. */
void ek_frame_convert(const ek_frame_plan_t *plan, const ek_frame_work_t *work,
                      ek_frame_row_t *row, void *camera, ek_frame_seen_t *seen, void *watcher,
                      uint8_t *out);

/* The steps of it, for tests and for cameras that push rows. */
void ek_frame_across_lanes(const ek_frame_plan_t *plan, const uint32_t *lanes, uint8_t *to);
void ek_frame_across(const ek_frame_plan_t *plan, const uint8_t *pixels, uint8_t *to);
void ek_frame_down(const ek_frame_plan_t *plan, const int32_t *weight, ek_taps_t taps,
                   const uint8_t *kept, uint8_t *mixed);
void ek_frame_store(const ek_frame_plan_t *plan, const uint8_t *mixed, uint8_t *out);

#endif
