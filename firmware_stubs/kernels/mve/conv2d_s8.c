/* conv2d_s8.c - four output pixels by two output channels at a time, 16 products an instruction.
 *
 * The windows of four pixels are laid side by side in the scratch, 16 taps of each in turn:
 *
 *     x0[0..15] x1[0..15] x2[0..15] x3[0..15] x0[16..31] x1[16..31] ...
 *
 * so that one pointer runs over them; taps are numbered as the model's weights are. Packed weights
 * run the same way, two channels in turn, each padded to a multiple of 16 taps with zeros, which
 * also silence whatever the scratch holds there:
 *
 *     w0[0..15] w2[0..15] w0[16..31] w2[16..31] ... w1[0..15] w3[0..15] ... w4[0..15] w6[0..15] ...
 *
 * and `factors` has a row of bias, multiplier and shift for each, in that order: 0 2 1 3 4 6 5 7.
 * Narrowing interleaves the four into their own order, one word for each pixel.
 */
#include "ek_mve.h"
#include "ek_window.h"

enum { CHUNK = 16, PIXELS = 4 };

/* How windows lie in the input and in the scratch, in bytes. `run` taps of a window's row are
 * adjacent in both, `row` from one to the next in the input; windows are `step` apart. Windows that
 * start at up to (last_h, last_w) are inside; none are when dilated. Taps in whole chunks go
 * straight to their places, `apart`; others first into the row behind these. */
typedef struct {
    int32_t kernel_h, run, row, step, last_h, last_w, chunks;
    int apart;
} layout_t;

/* An output pixel and the start of its window, which may lie outside `input`. */
typedef struct {
    int32_t x, y;
    int32_t h, w;
    const int8_t *input;
} window_t;

static layout_t layout_of(const ek_conv2d_s8_t *p)
{
    const int32_t taps = p->kernel_h * p->kernel_w * p->input_c;
    const int dilated = p->dilation_h * p->dilation_w > 1;
    return (layout_t){
        .kernel_h = p->kernel_h,
        .run = p->kernel_w * p->input_c,
        .row = p->input_w * p->input_c,
        .step = p->stride_w * p->input_c,
        .last_h = dilated ? -1 : p->input_h - p->kernel_h,
        .last_w = p->input_w - p->kernel_w,
        .chunks = (taps + CHUNK - 1) / CHUNK,
        .apart = p->input_c % CHUNK == 0,
    };
}

/* Returns where the next tap goes. */
static inline int8_t *copy(int8_t *to, const int8_t *from, int32_t taps, int apart)
{
    if (apart) return ek_mve_copy_apart(to, from, taps);
    ek_mve_copy(to, from, taps);
    return to + taps;
}

/* A window that may reach outside or be dilated: zero points, then the taps inside. */
static void gather(const ek_conv2d_s8_t *p, layout_t layout, const window_t *at, int8_t *to)
{
    const ek_span_t rows = ek_taps_inside(at->h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(at->w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t apart = layout.apart ? PIXELS : 1, depth = p->input_c;
    const int32_t adjacent = p->dilation_w == 1 ? columns.end - columns.begin : 1;
    const int8x16_t zeros = vdupq_n_s8((int8_t)p->input_zero);
    for (int32_t k = 0; k < layout.chunks; k++) vstrbq_s8(to + k * CHUNK * apart, zeros);
    for (int32_t i = rows.begin; i < rows.end; i++) {
        for (int32_t j = columns.begin; j < columns.end; j += adjacent) {
            const int32_t h = at->h + i * p->dilation_h, w = at->w + j * p->dilation_w;
            (void)copy(to + (i * p->kernel_w + j) * depth * apart,
                       at->input + h * layout.row + w * depth, adjacent * depth, layout.apart);
        }
    }
}

/* Windows whose every tap lies inside, adjacent. */
static void gather_inside(layout_t layout, const int8_t *from, int32_t pixels, int8_t *scratch,
                          int8_t *row)
{
    for (; pixels > 0; pixels--) {
        int8_t *to = layout.apart ? scratch : row;
        const int8_t *next = from;
        for (int32_t i = layout.kernel_h; i > 0; i--) {
            to = copy(to, next, layout.run, layout.apart);
            next += layout.row;
        }
        if (!layout.apart) (void)ek_mve_copy_apart(scratch, row, layout.chunks * CHUNK);
        scratch += CHUNK;
        from += layout.step;
    }
}

/* The same for runs of less than a chunk: what is copied beyond one is overwritten by the next. */
static void gather_short(layout_t layout, const int8_t *from, int32_t pixels, int8_t *scratch,
                         int8_t *row)
{
    const mve_pred16_t lanes = vctp8q((uint32_t)layout.run);
    for (; pixels > 0; pixels--) {
        int8_t *to = row;
        const int8_t *next = from;
        for (int32_t i = layout.kernel_h; i > 0; i--) {
            vstrbq_s8(to, vldrbq_z_s8(next, lanes));
            to += layout.run;
            next += layout.row;
        }
        (void)ek_mve_copy_apart(scratch, row, layout.chunks * CHUNK);
        scratch += CHUNK;
        from += layout.step;
    }
}

/* One window into the scratch, or several that are inside. */
static void gather_windows(const ek_conv2d_s8_t *p, layout_t layout, const window_t *at,
                           int inside, int32_t pixels, int8_t *place, int8_t *row)
{
    const int8_t *from = at->input + at->h * layout.row + at->w * p->input_c;
    if (inside && layout.run < CHUNK) {
        gather_short(layout, from, pixels, place, row);
    } else if (inside) {
        gather_inside(layout, from, pixels, place, row);
    } else {
        gather(p, layout, at, layout.apart ? place : row);
        if (!layout.apart) (void)ek_mve_copy_apart(place, row, layout.chunks * CHUNK);
    }
}

/* The `pixels`-th window after this one; all between are in the same row. */
static void advance(const ek_conv2d_s8_t *p, window_t *at, int32_t pixels)
{
    at->x += pixels;
    at->w += pixels * p->stride_w;
    if (at->x < p->output_w) return;
    at->x = 0;
    at->w = -p->pad_left;
    at->h += p->stride_h;
    if (++at->y < p->output_h) return;
    at->y = 0;
    at->h = -p->pad_top;
    at->input += p->input_h * p->input_w * p->input_c;
}

/* The next `pixels` windows into the scratch. */
static void gather_pixels(const ek_conv2d_s8_t *p, layout_t layout, window_t *at, int32_t pixels,
                          int8_t *scratch)
{
    int8_t *const row = scratch + layout.chunks * CHUNK * PIXELS;
    const int32_t further = (pixels - 1) * p->stride_w;
    const int together = at->x + pixels <= p->output_w && at->w >= 0 &&
                         at->w + further <= layout.last_w && at->h >= 0 && at->h <= layout.last_h;
    const int32_t count = together ? pixels : 1;
    for (int32_t i = 0; i < pixels; i += count) {
        const int inside = together || (at->w >= 0 && at->w <= layout.last_w && at->h >= 0 &&
                                        at->h <= layout.last_h);
        gather_windows(p, layout, at, inside, count, scratch + i * CHUNK, row);
        advance(p, at, count);
    }
}

/* Some of four channels of some of four pixels, one word each, to output pixels of any alignment. */
static void store_bytes(int8x16_t y, int8_t *output, int32_t stride, int32_t pixels,
                        int32_t channels)
{
    int8_t bytes[16];
    vstrbq_s8(bytes, y);
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) output[i * stride + c] = bytes[4 * i + c];
    }
}

/* All channels of the four pixels in `x`, of which `pixels` are stored. */
static void multiply(const ek_conv2d_s8_t *p, int32_t chunks, const int8_t *x,
                     const int8_t *weights, const int32_t *factors, int32_t pixels,
                     int8_t *output)
{
    const ek_mve_range_t range = {p->output_zero, p->act_min, p->act_max};
    const int32_t output_c = p->output_c;
    const mve_pred16_t stored = vctp32q((uint32_t)pixels);
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)output_c);
    for (int32_t o = 0; o < output_c; o += 4) {
        int32x4_t a, b, c, d;
        ek_mve_dot2x4(x, &weights, chunks, &a, &b);
        a = ek_mve_requant(a, &factors);
        const int16x8_t ab = ek_mve_pair(a, ek_mve_requant(b, &factors));
        ek_mve_dot2x4(x, &weights, chunks, &c, &d);
        c = ek_mve_requant(c, &factors);
        const int16x8_t cd = ek_mve_pair(c, ek_mve_requant(d, &factors));
        const int8x16_t y = ek_mve_narrow(ab, cd, range);
        if (output_c % 4 == 0) {
            vstrwq_scatter_offset_p_s32((int32_t *)(void *)(output + o), places,
                                        vreinterpretq_s32_s8(y), stored);
        } else {
            store_bytes(y, output + o, output_c, pixels, ek_min(4, output_c - o));
        }
    }
}

/* A 1x1 convolution that reads every pixel, in order, is one of a single long row. */
static ek_conv2d_s8_t flattened(const ek_conv2d_s8_t *p)
{
    ek_conv2d_s8_t flat = *p;
    const int32_t pixels = p->output_h * p->output_w;
    if (p->kernel_h * p->kernel_w * p->stride_h * p->stride_w == 1 && p->pad_top == 0 &&
        p->pad_left == 0 && p->output_h == p->input_h && p->output_w == p->input_w) {
        flat.input_w = flat.output_w = p->batches * pixels;
        flat.batches = flat.input_h = flat.output_h = 1;
    }
    return flat;
}

void ek_conv2d_s8__mve(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                       const int32_t *factors, int8_t *output, int8_t *scratch)
{
    const ek_conv2d_s8_t flat = flattened(p);
    const layout_t layout = layout_of(&flat);
    window_t at = {0, 0, -p->pad_top, -p->pad_left, input};
    for (int32_t left = p->batches * p->output_h * p->output_w; left > 0; left -= PIXELS) {
        const int32_t pixels = ek_min(PIXELS, left);
        gather_pixels(&flat, layout, &at, pixels, scratch);
        multiply(p, layout.chunks, scratch, weights, factors, pixels, output);
        output += PIXELS * p->output_c;
    }
}
