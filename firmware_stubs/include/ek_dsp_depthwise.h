/* ek_dsp_depthwise.h - 3x3 depthwise convolution, four channels at a time.
 * depthwise_conv2d_3x3_s8.c says how it works.
 */
#ifndef EK_DSP_DEPTHWISE_H
#define EK_DSP_DEPTHWISE_H

#include <stdbool.h>

#include "ek_dsp.h"
#include "ek_kernels.h"

enum {
    EK_LANES = 4,            /* channels in a word */
    EK_PLANE_BYTES = 3072,   /* inputs of four channels up to this size are split as a whole */
};

/* One channel: words of two doubled taps, (t0, t1) and (t1, t2) of each row; then its finish. */
typedef struct {
    int32_t taps[6];
    int32_t bias;
    ek_finish_t finish;
} ek_depthwise_channel_t;

/* Input rows of four channels, each row of `pitch` int16: [row][channel][pitch]. */
typedef struct {
    ek_depthwise_channel_t *channel; /* [EK_LANES] */
    int16_t *rows;
    int32_t pitch; /* even */
    int32_t count; /* rows */
    bool whole;    /* all rows of an image; else three that rotate and one of zero points */
} ek_split_t;

/* The windows of some output rows: the input rows of the first output row, for the first channel, and
 * int16 from there to those of the next output row. */
typedef struct {
    const int16_t *row[3];
    int32_t next;
    int32_t rows;
} ek_windows_t;

static inline int32_t ek_larger(int32_t a, int32_t b) { return a > b ? a : b; }

/* Scratch starts with the channels. A split row holds all that the last output reads and what four
 * outputs at once read beyond it. Where all rows together are too many, three rotate, and a fourth
 * stands for those outside. */
static inline ek_split_t ek_depthwise_scratch(const ek_depthwise_conv2d_s8_t *p, void *scratch)
{
    const int32_t read = ((p->output_w + 3) & ~3) * p->stride_w + 3;
    const int32_t pitch = (ek_larger(read, p->pad_left + p->input_w) + 1) & ~1;
    const int32_t rows = (p->output_h - 1) * p->stride_h + 3;
    const bool whole = rows * EK_LANES * pitch * 2 <= EK_PLANE_BYTES;
    ek_depthwise_channel_t *const channel = scratch;
    return (ek_split_t){channel, (int16_t *)(channel + EK_LANES), pitch, whole ? rows : 4, whole};
}

static inline uint32_t ek_load_channels(const int8_t *x, int32_t count)
{
    return count >= EK_LANES ? ek_load4(x) : ek_load_tail(x, count);
}

/* Taps 0, 1, 2 of one kernel row for four channels, as words (t0, t1) and (t1, t2), doubled. */
static inline void ek_depthwise_taps(ek_depthwise_channel_t *channel, const int8_t *weights,
                                     int32_t stride, int32_t count, int32_t row)
{
    const uint32_t t0 = ek_load_channels(weights, count);
    const uint32_t t1 = ek_load_channels(weights + stride, count);
    const uint32_t t2 = ek_load_channels(weights + 2 * stride, count);
    const int32_t even0 = ek_twice16(ek_sxtb16(t0)), odd0 = ek_twice16(ek_sxtb16_odd(t0));
    const int32_t even1 = ek_twice16(ek_sxtb16(t1)), odd1 = ek_twice16(ek_sxtb16_odd(t1));
    const int32_t even2 = ek_twice16(ek_sxtb16(t2)), odd2 = ek_twice16(ek_sxtb16_odd(t2));
    channel[0].taps[2 * row] = ek_lanes(even0, even1);
    channel[0].taps[2 * row + 1] = ek_lanes(even1, even2);
    channel[1].taps[2 * row] = ek_lanes(odd0, odd1);
    channel[1].taps[2 * row + 1] = ek_lanes(odd1, odd2);
    channel[2].taps[2 * row] = ek_upper_lanes(even0, even1);
    channel[2].taps[2 * row + 1] = ek_upper_lanes(even1, even2);
    channel[3].taps[2 * row] = ek_upper_lanes(odd0, odd1);
    channel[3].taps[2 * row + 1] = ek_upper_lanes(odd1, odd2);
}

/* Taps and finish of up to four channels. */
static inline void ek_depthwise_channels(ek_depthwise_channel_t *channel, const int8_t *weights,
                                         const int32_t *finish, int32_t stride, int32_t count)
{
    for (int32_t row = 0; row < 3; row++) {
        ek_depthwise_taps(channel, weights + 3 * row * stride, stride, count, row);
    }
    for (; count > 0; count--, channel++, finish += 4) {
        channel->bias = finish[0];
        channel->finish = (ek_finish_t){finish[1], finish[2], finish[3]};
    }
}

/* Zero points everywhere. Splitting rows later leaves those around the input as they are. */
static inline void ek_split_clear(const ek_split_t *s, int32_t zero)
{
    const int32_t zeros = ek_lanes(zero, zero), lanes = s->count * EK_LANES * s->pitch;
    for (int32_t i = 0; i < lanes; i += 2) ek_store_lanes(s->rows + i, zeros);
}

/* One pixel, or two neighbours, into the rows of four channels. */
static inline void ek_split_pixel(uint32_t a, int16_t *row, int32_t pitch)
{
    const int32_t even = ek_sxtb16(a), odd = ek_sxtb16_odd(a);
    row[0] = (int16_t)even;
    row[pitch] = (int16_t)odd;
    row[2 * pitch] = (int16_t)(even >> 16);
    row[3 * pitch] = (int16_t)(odd >> 16);
}

static inline void ek_split_pixels(uint32_t a, uint32_t b, int16_t *row, int32_t pitch)
{
    const int32_t even_a = ek_sxtb16(a), odd_a = ek_sxtb16_odd(a);
    const int32_t even_b = ek_sxtb16(b), odd_b = ek_sxtb16_odd(b);
    ek_store_lanes(row, ek_lanes(even_a, even_b));
    ek_store_lanes(row + pitch, ek_lanes(odd_a, odd_b));
    ek_store_lanes(row + 2 * pitch, ek_upper_lanes(even_a, even_b));
    ek_store_lanes(row + 3 * pitch, ek_upper_lanes(odd_a, odd_b));
}

/* A row of `width` pixels, `stride` bytes apart. */
static inline void ek_split_row(const int8_t *x, int32_t width, int32_t stride, int32_t count,
                                int16_t *row, int32_t pitch)
{
    if (count == EK_LANES) {
        for (; width >= 2; width -= 2, x += 2 * stride, row += 2) {
            ek_split_pixels(ek_load4(x), ek_load4(x + stride), row, pitch);
        }
    }
    for (; width > 0; width--, x += stride, row++) {
        ek_split_pixel(ek_load_channels(x, count), row, pitch);
    }
}

/* The output whose window starts at column `x`. */
EK_INLINE int8_t ek_depthwise_one(const ek_depthwise_channel_t *channel, const ek_windows_t *at,
                                  int32_t x, ek_ties_t ties)
{
    int32_t sum = channel->bias;
    for (int32_t i = 0; i < 3; i++) {
        const int16_t *row = at->row[i] + x;
        sum = ek_smlad(ek_load_lanes(row), channel->taps[2 * i], sum);
        sum = ek_smlabt(row[2], channel->taps[2 * i + 1], sum);
    }
    return (int8_t)ek_finish(sum, channel->finish, ties);
}

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* The products of one kernel row with four neighbouring windows: 4 loads, 8 multiplications. The
 * words of taps are u = (t0, t1) and v = (t1, t2). f0, f1, f2: which registers the sums come from,
 * at first all from the bias in s3. */
#define EK_FOUR_STRIDE_1(row, taps, f0, f1, f2)            \
    "ldrd    %[x0], %[x1], [%[" row "]], #8          \n\t" \
    "ldrd    %[u], %[v], [%[w], #" taps "]           \n\t" \
    "smlad   %[s0], %[x0], %[u], %[" f0 "]           \n\t" \
    "smlatb  %[s1], %[x0], %[u], %[" f1 "]           \n\t" \
    "smlad   %[s2], %[x1], %[u], %[" f2 "]           \n\t" \
    "smlatb  %[s3], %[x1], %[u], %[s3]               \n\t" \
    "ldr     %[x0], [%[" row "]]                     \n\t" \
    "smlabt  %[s0], %[x1], %[v], %[s0]               \n\t" \
    "smlad   %[s1], %[x1], %[v], %[s1]               \n\t" \
    "smlabt  %[s2], %[x0], %[v], %[s2]               \n\t" \
    "smlad   %[s3], %[x0], %[v], %[s3]               \n\t"

#define EK_FOUR_STRIDE_2(row, taps, f0, f1, f2)            \
    "ldrd    %[x0], %[x1], [%[" row "]], #8          \n\t" \
    "ldrd    %[u], %[v], [%[w], #" taps "]           \n\t" \
    "smlad   %[s0], %[x0], %[u], %[" f0 "]           \n\t" \
    "smlabt  %[s0], %[x1], %[v], %[s0]               \n\t" \
    "smlad   %[s1], %[x1], %[u], %[" f1 "]           \n\t" \
    "ldrd    %[x0], %[x1], [%[" row "]], #8          \n\t" \
    "smlabt  %[s1], %[x0], %[v], %[s1]               \n\t" \
    "smlad   %[s2], %[x0], %[u], %[" f2 "]           \n\t" \
    "smlabt  %[s2], %[x1], %[v], %[s2]               \n\t" \
    "smlad   %[s3], %[x1], %[u], %[s3]               \n\t" \
    "ldr     %[x0], [%[" row "]]                     \n\t" \
    "smlabt  %[s3], %[x0], %[v], %[s3]               \n\t"

/* Two windows, at first from the bias in s1. */
#define EK_TWO_STRIDE_1(row, taps, f0)                     \
    "ldrd    %[x0], %[x1], [%[" row "]]              \n\t" \
    "ldrd    %[u], %[v], [%[w], #" taps "]           \n\t" \
    "smlad   %[s0], %[x0], %[u], %[" f0 "]           \n\t" \
    "smlatb  %[s1], %[x0], %[u], %[s1]               \n\t" \
    "smlabt  %[s0], %[x1], %[v], %[s0]               \n\t" \
    "smlad   %[s1], %[x1], %[v], %[s1]               \n\t"

#define EK_TWO_STRIDE_2(row, taps, f0)                     \
    "ldrd    %[x0], %[x1], [%[" row "]]              \n\t" \
    "ldrd    %[u], %[v], [%[w], #" taps "]           \n\t" \
    "smlad   %[s0], %[x0], %[u], %[" f0 "]           \n\t" \
    "smlad   %[s1], %[x1], %[u], %[s1]               \n\t" \
    "smlabt  %[s0], %[x1], %[v], %[s0]               \n\t" \
    "ldr     %[x0], [%[" row "], #8]                 \n\t" \
    "smlabt  %[s1], %[x0], %[v], %[s1]               \n\t"

/* All channels, their rows of windows: four outputs at a time, then two where asked for. Assembly
 * keeps the sums, words of input and taps, and all pointers in the 14 registers; counts are in
 * memory. */
#define EK_DEPTHWISE_LOOP(FOUR, TWO, TIES)                                                        \
    __asm__ volatile(                                                                             \
        "1:                                    \n\t" /* a channel */                              \
        "ldr     %[v], %[rows]                 \n\t"                                              \
        "str     %[v], %[left]                 \n"                                               \
        "2:                                    \n\t" /* a row */                                  \
        "b       4f                            \n"                                               \
        "3:                                    \n\t" /* four outputs */                           \
        "ldr     %[s3], [%[w], #24]            \n\t"                                              \
        FOUR("r0", "0", "s3", "s3", "s3")                                                         \
        FOUR("r1", "8", "s0", "s1", "s2")                                                         \
        FOUR("r2", "16", "s0", "s1", "s2")                                                        \
        "ldr     %[u], [%[w], #28]             \n\t"                                              \
        "ldrd    %[x0], %[x1], [%[w], #32]     \n\t"                                              \
        EK_FINISH("%[s0]", "[%[y]]", TIES)                                                        \
        EK_FINISH("%[s1]", "[%[y], %[step]]", TIES)                                               \
        EK_FINISH("%[s2]", "[%[y], %[step], lsl #1]", TIES)                                       \
        "add     %[s0], %[step], %[step], lsl #1 \n\t"                                            \
        EK_FINISH("%[s3]", "[%[y], %[s0]]", TIES)                                                 \
        "add     %[y], %[y], %[step], lsl #2   \n"                                               \
        "4:                                    \n\t"                                              \
        "ldr     %[v], %[end]                  \n\t"                                              \
        "cmp     %[r0], %[v]                   \n\t"                                              \
        "bne     3b                            \n\t"                                              \
        "ldr     %[u], %[two]                  \n\t"                                              \
        "cmp     %[u], #0                      \n\t"                                              \
        "beq     5f                            \n\t"                                              \
        "ldr     %[s1], [%[w], #24]            \n\t"                                              \
        TWO("r0", "0", "s1") TWO("r1", "8", "s0") TWO("r2", "16", "s0")                           \
        "ldr     %[u], [%[w], #28]             \n\t"                                              \
        "ldrd    %[x0], %[x1], [%[w], #32]     \n\t"                                              \
        EK_FINISH("%[s0]", "[%[y]]", TIES)                                                        \
        EK_FINISH("%[s1]", "[%[y], %[step]]", TIES)                                               \
        "ldr     %[v], %[end]                  \n"                                               \
        "5:                                    \n\t" /* to the next row */                        \
        "ldr     %[x0], %[next]                \n\t"                                              \
        "ldr     %[x1], %[gap]                 \n\t"                                              \
        "ldr     %[s0], %[left]                \n\t"                                              \
        "ldr     %[s1], %[skip]                \n\t"                                              \
        "add     %[v], %[v], %[x0]             \n\t"                                              \
        "add     %[r0], %[r0], %[x1]           \n\t"                                              \
        "add     %[r1], %[r1], %[x1]           \n\t"                                              \
        "add     %[r2], %[r2], %[x1]           \n\t"                                              \
        "add     %[y], %[y], %[s1]             \n\t"                                              \
        "subs    %[s0], %[s0], #1              \n\t"                                              \
        "str     %[v], %[end]                  \n\t"                                              \
        "str     %[s0], %[left]                \n\t"                                              \
        "bne     2b                            \n\t"                                              \
        "ldr     %[x0], %[input_back]          \n\t" /* to the next channel */                    \
        "ldr     %[x1], %[output_back]         \n\t"                                              \
        "ldr     %[s0], %[last]                \n\t"                                              \
        "adds    %[w], #40                     \n\t"                                              \
        "add     %[v], %[v], %[x0]             \n\t"                                              \
        "add     %[r0], %[r0], %[x0]           \n\t"                                              \
        "add     %[r1], %[r1], %[x0]           \n\t"                                              \
        "add     %[r2], %[r2], %[x0]           \n\t"                                              \
        "add     %[y], %[y], %[x1]             \n\t"                                              \
        "str     %[v], %[end]                  \n\t"                                              \
        "cmp     %[w], %[s0]                   \n\t"                                              \
        "bne     1b                            \n\t"                                              \
        : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [y] "+&r"(y), [w] "+&r"(channel),       \
          [end] "+m"(end), [left] "=&m"(left), [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2),    \
          [s3] "=&r"(s3), [x0] "=&r"(x0), [x1] "=&r"(x1), [u] "=&r"(u), [v] "=&r"(v)              \
        : [step] "r"(step), [two] "m"(two), [next] "m"(next), [gap] "m"(gap), [skip] "m"(skip),   \
          [rows] "m"(rows), [last] "m"(last), [input_back] "m"(input_back),                       \
          [output_back] "m"(output_back)                                                          \
        : "cc", "memory")

/* Of `count` channels the outputs of all rows of windows: `fours` times four and, if `two`, two more
 * in each row of `width`. From one pixel to the next it is `p->input_c` bytes. */
EK_INLINE void ek_depthwise_block(const ek_depthwise_conv2d_s8_t *p, const ek_split_t *s,
                                  int32_t count, ek_windows_t at, int32_t fours, int32_t two,
                                  int8_t *y, ek_ties_t ties)
{
    const int32_t stride = p->stride_w, step = p->input_c, rows = at.rows;
    const int32_t next = 2 * at.next, gap = next - 8 * stride * fours;
    const int32_t skip = step * (p->output_w - 4 * fours);
    const int32_t input_back = 2 * s->pitch - rows * next;
    const int32_t output_back = 1 - rows * step * p->output_w;
    const ek_depthwise_channel_t *channel = s->channel, *const last = channel + count;
    const int16_t *r0 = at.row[0], *r1 = at.row[1], *r2 = at.row[2];
    const int16_t *end = r0 + 4 * stride * fours;
    int32_t left, s0, s1, s2, s3, x0, x1, u, v;
    if (stride == 1 && ties == EK_AWAY_FROM_ZERO) {
        EK_DEPTHWISE_LOOP(EK_FOUR_STRIDE_1, EK_TWO_STRIDE_1, "0");
    } else if (stride == 1) {
        EK_DEPTHWISE_LOOP(EK_FOUR_STRIDE_1, EK_TWO_STRIDE_1, "1");
    } else if (ties == EK_AWAY_FROM_ZERO) {
        EK_DEPTHWISE_LOOP(EK_FOUR_STRIDE_2, EK_TWO_STRIDE_2, "0");
    } else {
        EK_DEPTHWISE_LOOP(EK_FOUR_STRIDE_2, EK_TWO_STRIDE_2, "1");
    }
}

#else

EK_INLINE void ek_depthwise_block(const ek_depthwise_conv2d_s8_t *p, const ek_split_t *s,
                                  int32_t count, ek_windows_t at, int32_t fours, int32_t two,
                                  int8_t *y, ek_ties_t ties)
{
    for (int32_t c = 0; c < count; c++) {
        for (int32_t i = 0; i < at.rows * (4 * fours + 2 * two); i++) {
            const int32_t row = i / (4 * fours + 2 * two), x = i % (4 * fours + 2 * two);
            const int32_t from = c * s->pitch + row * at.next + x * p->stride_w;
            y[(row * p->output_w + x) * p->input_c + c] =
                ek_depthwise_one(&s->channel[c], &at, from, ties);
        }
    }
}

#endif

/* All outputs of the windows. But in the last row it may write one output too many, onto the first
 * of the next row, which comes after it. */
EK_INLINE void ek_depthwise_outputs(const ek_depthwise_conv2d_s8_t *p, const ek_split_t *s,
                                    int32_t count, ek_windows_t at, int8_t *y, ek_ties_t ties)
{
    const int32_t width = p->output_w, odd = width & 1;
    for (int32_t left = at.rows; left > 0; left -= at.rows) {
        at.rows = odd && left > 1 ? left - 1 : left;
        const bool exact = at.rows == left;
        const int32_t wide = exact ? width : width + odd;
        ek_depthwise_block(p, s, count, at, wide >> 2, wide >> 1 & 1, y, ties);
        for (int32_t c = 0; exact && odd && c < count; c++) {
            const int32_t from = c * s->pitch + (width - 1) * p->stride_w;
            y[(width - 1) * p->input_c + c] =
                ek_depthwise_one(&s->channel[c], &at, from, ties);
        }
        for (int32_t i = 0; i < 3; i++) at.row[i] += at.rows * at.next;
        y += at.rows * width * p->input_c;
    }
}

/* Splits all rows of an image: the windows of all its output rows. */
static inline ek_windows_t ek_split_image(const ek_depthwise_conv2d_s8_t *p, const ek_split_t *s,
                                          const int8_t *input, int32_t count)
{
    const int32_t row = EK_LANES * s->pitch, line = p->input_w * p->input_c;
    const int16_t *const first = s->rows;
    int16_t *to = s->rows + p->pad_top * row + p->pad_left;
    for (int32_t h = p->pad_top; h < s->count && h < p->pad_top + p->input_h; h++) {
        ek_split_row(input, p->input_w, p->input_c, count, to, s->pitch);
        input += line;
        to += row;
    }
    return (ek_windows_t){{first, first + row, first + 2 * row}, p->stride_h * row, p->output_h};
}

/* The windows of output row `y`, whose input rows are split if they are not yet: `split` are those
 * that were. */
static inline ek_windows_t ek_split_next(const ek_depthwise_conv2d_s8_t *p, const ek_split_t *s,
                                         const int8_t *input, int32_t count, int32_t y,
                                         int32_t *split)
{
    const int32_t row = EK_LANES * s->pitch, line = p->input_w * p->input_c;
    ek_windows_t at = {.rows = 1};
    for (int32_t i = 0; i < 3; i++) {
        const int32_t h = y * p->stride_h - p->pad_top + i;
        at.row[i] = s->rows + 3 * row;
        if (h < 0 || h >= p->input_h) continue;
        int16_t *const to = s->rows + h % 3 * row;
        at.row[i] = to;
        if (h < *split) continue;
        ek_split_row(input + h * line, p->input_w, p->input_c, count, to + p->pad_left, s->pitch);
        *split = h + 1;
    }
    return at;
}

/* One image, at most four channels. */
EK_INLINE void ek_depthwise_image(const ek_depthwise_conv2d_s8_t *p, const ek_split_t *s,
                                  const int8_t *input, int32_t count, int8_t *output,
                                  ek_ties_t ties)
{
    int32_t split = 0;
    for (int32_t y = 0; y < p->output_h;) {
        const ek_windows_t at = s->whole ? ek_split_image(p, s, input, count)
                                         : ek_split_next(p, s, input, count, y, &split);
        ek_depthwise_outputs(p, s, count, at, output, ties);
        output += at.rows * p->output_w * p->input_c;
        y += at.rows;
    }
}

/* The whole operator. */
EK_INLINE void ek_depthwise_3x3(const ek_depthwise_conv2d_s8_t *p, const int8_t *input,
                                const int8_t *weights, const int32_t *finish, int8_t *output,
                                void *scratch, ek_ties_t ties)
{
    const int32_t channels = p->input_c;
    const int32_t input_size = p->input_h * p->input_w * channels;
    const int32_t output_size = p->output_h * p->output_w * channels;
    const ek_split_t split = ek_depthwise_scratch(p, scratch);
    ek_split_clear(&split, p->input_zero);
    for (int32_t c = 0; c < channels; c += EK_LANES) {
        const int32_t count = channels - c < EK_LANES ? channels - c : EK_LANES;
        ek_depthwise_channels(split.channel, weights + c, finish + 4 * c, channels, count);
        for (int32_t n = 0; n < p->batches; n++) {
            const int8_t *x = input + n * input_size + c;
            int8_t *y = output + n * output_size + c;
            ek_depthwise_image(p, &split, x, count, y, ties);
        }
    }
    ek_clamp_s8__dsp(output, p->batches * output_size, p->act_min, p->act_max);
}

#endif
