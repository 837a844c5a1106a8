/* depthwise_conv2d_3x3_s8.c - one channel at a time along a row, four outputs at once.
 *
 * Input rows are copied once to scratch, with zero points around them, and serve the output rows that
 * need them; three rotate, and a fourth stands for those outside. So no output needs a test, an input
 * serves up to three outputs, and an output may be written over the input it came from.
 *
 *     scratch row    zero points (pad_left pixels) | input row | zero points, as the last window reads
 *
 * weights: the nine taps of each channel, row by row, Cx3x3. finish: a row for each channel, see ek_c32.h.
 * scratch: four rows of max(pad_left + input_w, (output_w - 1) * stride_w + 3) pixels.
 */
#include <assert.h>
#include <string.h>

#include "ek_c32.h"
#include "ek_kernels_c32.h"

enum { ROWS = 3, AT_ONCE = 4 };

/* Input rows in scratch: those below `copied` have been, and the last three of them are there. */
typedef struct {
    int8_t *rows;
    int32_t pitch, copied;
} lines_t;

/* Outputs of one channel along a row; from one pixel to the next it is `next` bytes. */
typedef struct {
    const int8_t *rows[ROWS]; /* the channel in the first pixel that is read */
    const int8_t *weights;    /* 9 taps */
    const int32_t *finish;
    int8_t *y;
    int32_t next;
} strip_t;

static inline void store_four(strip_t *s, int32_t s0, int32_t s1, int32_t s2, int32_t s3)
{
    const ek_c32_finish_t finish = ek_c32_finish(s->finish);
    const int32_t next = s->next;
    int8_t *y = s->y;
    *y = ek_c32_output(s0, finish);
    *(y += next) = ek_c32_output(s1, finish);
    *(y += next) = ek_c32_output(s2, finish);
    *(y += next) = ek_c32_output(s3, finish);
    s->y = y + next;
}

/* Four outputs at stride 1; not inlined, so that sums, taps and inputs have the registers. */
static __attribute__((noinline)) void four_outputs(strip_t *s)
{
    const int32_t next = s->next;
    const int8_t *w = s->weights;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma GCC unroll 1
    for (int32_t i = 0; i < ROWS; i++, w += ROWS) {
        const int32_t t0 = w[0], t1 = w[1], t2 = w[2];
        const int8_t *x = s->rows[i];
        int32_t a = x[0], b = x[next], c = x[2 * next];
        s0 += a * t0;
        s0 += b * t1;
        s0 += c * t2;
        x += 3 * next;
        a = x[0];
        s1 += b * t0;
        s1 += c * t1;
        s1 += a * t2;
        b = x[next];
        s2 += c * t0;
        s2 += a * t1;
        s2 += b * t2;
        c = x[2 * next];
        s3 += a * t0;
        s3 += b * t1;
        s3 += c * t2;
        s->rows[i] = x + next;
    }
    store_four(s, s0, s1, s2, s3);
}

/* The same at stride 2. */
static __attribute__((noinline)) void four_outputs_stride_2(strip_t *s)
{
    const int32_t next = s->next;
    const int8_t *w = s->weights;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma GCC unroll 1
    for (int32_t i = 0; i < ROWS; i++, w += ROWS) {
        const int32_t t0 = w[0], t1 = w[1], t2 = w[2];
        const int8_t *x = s->rows[i];
        int32_t c = x[2 * next];
        s0 += x[0] * t0;
        s0 += x[next] * t1;
        s0 += c * t2;
        x += 3 * next;
        s1 += c * t0;
        s1 += x[0] * t1;
        c = x[next];
        s1 += c * t2;
        s2 += c * t0;
        s2 += x[2 * next] * t1;
        x += 3 * next;
        c = x[0];
        s2 += c * t2;
        s3 += c * t0;
        s3 += x[next] * t1;
        s3 += x[2 * next] * t2;
        s->rows[i] = x + 2 * next;
    }
    store_four(s, s0, s1, s2, s3);
}

static void one_output(strip_t *s, int32_t stride)
{
    const int32_t next = s->next;
    const int8_t *w = s->weights;
    int32_t sum = 0;
    for (int32_t i = 0; i < ROWS; i++, w += ROWS) {
        const int8_t *const x = s->rows[i];
        sum += x[0] * w[0] + x[next] * w[1] + x[2 * next] * w[2];
        s->rows[i] = x + stride * next;
    }
    *s->y = ek_c32_output(sum, ek_c32_finish(s->finish));
    s->y += next;
}

/* A row of outputs of all channels. */
static void convolve_row(const ek_depthwise_conv2d_s8_t *p, const int8_t *const rows[ROWS],
                         const int8_t *weights, const int32_t *finish, int8_t *output)
{
    for (int32_t c = 0; c < p->input_c; c++, weights += ROWS * ROWS, finish += EK_FINISH) {
        strip_t s = {{rows[0] + c, rows[1] + c, rows[2] + c}, weights, finish, output + c,
                     p->input_c};
        int32_t left = p->output_w;
        if (p->stride_w == 1) {
            for (; left >= AT_ONCE; left -= AT_ONCE) four_outputs(&s);
        } else if (p->stride_w == 2) {
            for (; left >= AT_ONCE; left -= AT_ONCE) four_outputs_stride_2(&s);
        }
        for (; left > 0; left--) one_output(&s, p->stride_w);
    }
}

/* The three input rows of the windows whose first row is `h`. */
static void find_rows(const ek_depthwise_conv2d_s8_t *p, const int8_t *input, int32_t h, lines_t *s,
                      const int8_t *rows[ROWS])
{
    const int32_t line = p->input_w * p->input_c;
    for (int32_t i = 0; i < ROWS; i++, h++) {
        rows[i] = s->rows + ROWS * s->pitch;
        if (h < 0 || h >= p->input_h) continue;
        int8_t *const row = s->rows + h % ROWS * s->pitch;
        rows[i] = row;
        if (h < s->copied) continue;
        memcpy(row + p->pad_left * p->input_c, input + h * line, (size_t)line);
        s->copied = h + 1;
    }
}

void ek_depthwise_conv2d_3x3_s8__c32(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                     const int8_t *weights, const int32_t *finish, int8_t *output,
                                     void *scratch)
{
    const int32_t channels = p->input_c, read = (p->output_w - 1) * p->stride_w + 3;
    const int32_t held = p->pad_left + p->input_w;
    lines_t s = {scratch, (read > held ? read : held) * channels, 0};
    int8_t *y = output;
    assert(p->kernel_h == 3 && p->kernel_w == 3 && p->depth_multiplier == 1);
    assert(p->dilation_h == 1 && p->dilation_w == 1);
    memset(scratch, p->input_zero, (size_t)((ROWS + 1) * s.pitch));
    for (int32_t n = 0; n < p->batches; n++) {
        s.copied = 0;
        for (int32_t row = 0; row < p->output_h; row++) {
            const int8_t *rows[ROWS];
            find_rows(p, input, row * p->stride_h - p->pad_top, &s, rows);
            convolve_row(p, rows, weights, finish, y);
            y += p->output_w * channels;
        }
        input += p->input_h * p->input_w * channels;
    }
    ek_c32_clamp(output, (int32_t)(y - output), p->act_min, p->act_max);
}
