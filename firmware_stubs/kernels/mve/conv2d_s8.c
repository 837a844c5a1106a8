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

/* `run` taps of a window's row are adjacent in the input. Whole chunks go straight to their places,
 * others first into a row behind these. */
typedef struct {
    int32_t run, chunks;
    int apart;
} layout_t;

/* An output pixel's window: where it starts in its input, which may be outside. */
typedef struct {
    int32_t x, y;
    int32_t h, w;
    const int8_t *input;
} window_t;

static layout_t layout_of(const ek_conv2d_s8_t *p)
{
    const int adjacent = p->dilation_w == 1;
    const int32_t taps = p->kernel_h * p->kernel_w * p->input_c;
    return (layout_t){
        .run = adjacent ? p->kernel_w * p->input_c : p->input_c,
        .chunks = (taps + CHUNK - 1) / CHUNK,
        .apart = p->input_c % CHUNK == 0,
    };
}

static int8_t *copy(int8_t *to, const int8_t *from, int32_t taps, int apart)
{
    if (apart) ek_mve_copy_apart(to, from, taps);
    else ek_mve_copy(to, from, taps);
    return to + (apart ? taps * PIXELS : taps);
}

static int8_t *fill(int8_t *to, int32_t value, int32_t taps, int apart)
{
    const int8x16_t values = vdupq_n_s8((int8_t)value);
    const int32_t step = apart ? CHUNK * PIXELS : CHUNK;
    for (int32_t i = 0; i < taps; i += CHUNK) {
        vstrbq_p_s8(to + i / CHUNK * step, values, vctp8q((uint32_t)(taps - i)));
    }
    return to + (apart ? taps * PIXELS : taps);
}

/* A row of taps of a window that may reach outside; `from` is tap 0. */
static int8_t *gather_row(const ek_conv2d_s8_t *p, ek_span_t inside, const int8_t *from,
                          int8_t *to, int apart)
{
    const int32_t step = p->dilation_w * p->input_c;
    to = fill(to, p->input_zero, inside.begin * p->input_c, apart);
    if (p->dilation_w == 1) {
        const int32_t taps = (inside.end - inside.begin) * p->input_c;
        if (taps > 0) to = copy(to, from + inside.begin * step, taps, apart);
    } else {
        for (int32_t j = inside.begin; j < inside.end; j++) {
            to = copy(to, from + j * step, p->input_c, apart);
        }
    }
    return fill(to, p->input_zero, (p->kernel_w - inside.end) * p->input_c, apart);
}

static void gather(const ek_conv2d_s8_t *p, const window_t *at, int8_t *to, layout_t layout)
{
    const ek_span_t rows = ek_taps_inside(at->h, p->kernel_h, p->dilation_h, p->input_h);
    const ek_span_t columns = ek_taps_inside(at->w, p->kernel_w, p->dilation_w, p->input_w);
    const int32_t step = p->dilation_h * p->input_w * p->input_c;
    const int8_t *from = at->input + (at->h * p->input_w + at->w) * p->input_c;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        const int inside = i >= rows.begin && i < rows.end;
        const ek_span_t none = {p->kernel_w, p->kernel_w};
        to = gather_row(p, inside ? columns : none, from + i * step, to, layout.apart);
    }
}

/* The window of every tap lies inside: the usual case, without a test for each. */
static void gather_inside(const ek_conv2d_s8_t *p, const window_t *at, int8_t *to, layout_t layout)
{
    const int32_t step = p->input_w * p->input_c;
    const int8_t *from = at->input + (at->h * p->input_w + at->w) * p->input_c;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        to = copy(to, from, layout.run, layout.apart);
        from += step;
    }
}

static int is_inside(const ek_conv2d_s8_t *p, const window_t *at)
{
    return at->h >= 0 && at->h + p->kernel_h <= p->input_h && at->w >= 0 &&
           at->w + p->kernel_w <= p->input_w && p->dilation_h == 1 && p->dilation_w == 1;
}

static void next_window(const ek_conv2d_s8_t *p, window_t *at)
{
    at->w += p->stride_w;
    if (++at->x < p->output_w) return;
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
    for (int32_t i = 0; i < pixels; i++) {
        int8_t *const place = scratch + i * CHUNK, *const to = layout.apart ? place : row;
        if (is_inside(p, at)) gather_inside(p, at, to, layout);
        else gather(p, at, to, layout);
        if (!layout.apart) ek_mve_copy_apart(place, row, layout.chunks * CHUNK);
        next_window(p, at);
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

void ek_conv2d_s8__mve(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                       const int32_t *factors, int8_t *output, int8_t *scratch)
{
    const layout_t layout = layout_of(p);
    window_t at = {0, 0, -p->pad_top, -p->pad_left, input};
    for (int32_t left = p->batches * p->output_h * p->output_w; left > 0; left -= PIXELS) {
        const int32_t pixels = ek_min(PIXELS, left);
        gather_pixels(p, layout, &at, pixels, scratch);
        multiply(p, layout.chunks, scratch, weights, factors, pixels, output);
        output += PIXELS * p->output_c;
    }
}
