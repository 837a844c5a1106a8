/* ek_dsp_depthwise.h - 3x3 depthwise convolution of four channels, row by row.
 * depthwise_conv2d_3x3_s8.c says how it works.
 */
#ifndef EK_DSP_DEPTHWISE_H
#define EK_DSP_DEPTHWISE_H

#include "ek_dsp.h"
#include "ek_kernels.h"

enum { EK_LANES = 4 /* channels in a word */, EK_RING = 3 /* rows that one output row needs */ };

/* One channel: words of two doubled taps, (t0, t1) and (t1, t2) of each row; then its finish. */
typedef struct {
    int32_t taps[6];
    int32_t bias;
    ek_finish_t finish;
} ek_depthwise_channel_t;

typedef struct {
    const ek_depthwise_conv2d_s8_t *p;
    ek_depthwise_channel_t *channel; /* [EK_LANES] */
    int16_t *outside;                /* EK_LANES rows of zero points */
    int16_t *ring;                   /* EK_RING times EK_LANES rows */
    int32_t pitch;                   /* int16 from one row to the next, even */
    int32_t count;                   /* channels, at most EK_LANES */
} ek_depthwise_t;

/* The three rows of one channel that an output row reads. */
typedef struct {
    const int16_t *row[3];
} ek_rows_t;

/* A row holds all that the last output reads, and what four outputs at once read beyond it. */
static inline int32_t ek_depthwise_pitch(const ek_depthwise_conv2d_s8_t *p)
{
    const int32_t read = ((p->output_w + 3) & ~3) * p->stride_w + 3;
    const int32_t written = p->pad_left + p->input_w;
    return ((read > written ? read : written) + 1) & ~1;
}

static inline uint32_t ek_load_channels(const int8_t *x, int32_t count)
{
    return count >= EK_LANES ? ek_load4(x) : ek_load_tail(x, count);
}

/* Taps 0, 1, 2 of one kernel row for four channels, as words (t0, t1) and (t1, t2), doubled. */
static inline void ek_depthwise_taps(ek_depthwise_channel_t *channel, const int8_t *weights,
                                     int32_t stride, int32_t count, int32_t row)
{
    int32_t even[3], odd[3];
    for (int32_t tap = 0; tap < 3; tap++, weights += stride) {
        const uint32_t four = ek_load_channels(weights, count);
        even[tap] = ek_twice16(ek_sxtb16(four));
        odd[tap] = ek_twice16(ek_sxtb16_odd(four));
    }
    for (int32_t i = 0; i < 2; i++) {
        channel[0].taps[2 * row + i] = ek_lanes(even[i], even[i + 1]);
        channel[1].taps[2 * row + i] = ek_lanes(odd[i], odd[i + 1]);
        channel[2].taps[2 * row + i] = ek_upper_lanes(even[i], even[i + 1]);
        channel[3].taps[2 * row + i] = ek_upper_lanes(odd[i], odd[i + 1]);
    }
}

/* Prepares `count` channels (all beyond four wait for their turn). */
static inline void ek_depthwise_begin(ek_depthwise_t *d, const ek_depthwise_conv2d_s8_t *p,
                                      const int8_t *weights, const int32_t *finish, int32_t count,
                                      void *scratch)
{
    const int32_t pitch = ek_depthwise_pitch(p);
    ek_depthwise_channel_t *const channel = scratch;
    int16_t *const rows = (int16_t *)(channel + EK_LANES);
    *d = (ek_depthwise_t){p, channel, rows, rows + EK_LANES * pitch, pitch, count};
    if (d->count > EK_LANES) d->count = EK_LANES;
    for (int32_t row = 0; row < 3; row++) {
        ek_depthwise_taps(channel, weights + 3 * row * p->input_c, p->input_c, d->count, row);
    }
    for (int32_t i = 0; i < d->count; i++, finish += 4) {
        channel[i].bias = finish[0];
        channel[i].finish = (ek_finish_t){finish[1], finish[2], finish[3]};
    }
    const int32_t zeros = ek_lanes(p->input_zero, p->input_zero);
    for (int32_t i = 0; i < (1 + EK_RING) * EK_LANES * pitch; i += 2) ek_store_lanes(rows + i, zeros);
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

/* Doubled sum over one window; `at` are its first taps. */
static inline int32_t ek_depthwise_sum(const ek_depthwise_channel_t *channel, ek_rows_t at)
{
    int32_t sum = channel->bias;
    for (int32_t i = 0; i < 3; i++) {
        const int32_t first = channel->taps[2 * i], last = channel->taps[2 * i + 1];
        sum = ek_smlad(ek_load_lanes(at.row[i]), first, sum);
        sum = ek_smlabt(at.row[i][2], last, sum);
    }
    return sum;
}

#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__)

/* The products of one kernel row with four neighbouring windows: 3 loads, 8 multiplications. */
#define EK_DEPTHWISE_ROW(row, taps, first0)              \
    "ldrd    %[x0], %[x1], [%[" row "]], #8        \n\t" \
    "ldr     %[x2], [%[" row "]]                   \n\t" \
    "ldrd    %[u], %[v], [%[w], #" taps "]         \n\t" \
    "smlatb  %[s1], %[x0], %[u], %[" first0 "1]    \n\t" \
    "smlad   %[s2], %[x1], %[u], %[" first0 "2]    \n\t" \
    "smlatb  %[s3], %[x1], %[u], %[" first0 "3]    \n\t" \
    "smlad   %[s0], %[x0], %[u], %[s0]             \n\t" \
    "smlad   %[s1], %[x1], %[v], %[s1]             \n\t" \
    "smlabt  %[s2], %[x2], %[v], %[s2]             \n\t" \
    "smlad   %[s3], %[x2], %[v], %[s3]             \n\t" \
    "smlabt  %[s0], %[x1], %[v], %[s0]             \n\t"

/* `fours` > 0 times four neighbouring outputs, `stride` bytes apart, at stride 1. In assembly the
 * four sums, three words of input and two of taps, and five pointers stay in the 14 registers. */
static inline int8_t *ek_depthwise_fours(const ek_depthwise_channel_t *channel, ek_rows_t *at,
                                         int32_t fours, int8_t *output, int32_t stride)
{
    const int16_t *const end = at->row[0] + 4 * fours;
    int32_t s0, s1, s2, s3, x0, x1, x2, u, v;
    __asm__ volatile(
        "1:                                    \n\t"
        "ldrd    %[x0], %[x1], [%[r0]], #8     \n\t"
        "ldr     %[s0], [%[w], #24]            \n\t"
        "ldr     %[x2], [%[r0]]                \n\t"
        "ldrd    %[u], %[v], [%[w]]            \n\t"
        "smlatb  %[s1], %[x0], %[u], %[s0]     \n\t"
        "smlad   %[s2], %[x1], %[u], %[s0]     \n\t"
        "smlatb  %[s3], %[x1], %[u], %[s0]     \n\t"
        "smlad   %[s0], %[x0], %[u], %[s0]     \n\t"
        "smlad   %[s1], %[x1], %[v], %[s1]     \n\t"
        "smlabt  %[s2], %[x2], %[v], %[s2]     \n\t"
        "smlad   %[s3], %[x2], %[v], %[s3]     \n\t"
        "smlabt  %[s0], %[x1], %[v], %[s0]     \n\t"
        EK_DEPTHWISE_ROW("r1", "8", "s")
        EK_DEPTHWISE_ROW("r2", "16", "s")
        "ldr     %[u], [%[w], #28]             \n\t"
        "ldrd    %[x0], %[x1], [%[w], #32]     \n\t"
        "ldr     %[x2], %[stride]              \n\t"
        EK_FINISH("%[s0]", "[%[y]]")
        EK_FINISH("%[s1]", "[%[y], %[x2]]")
        "add     %[s0], %[x2], %[x2], lsl #1   \n\t"
        EK_FINISH("%[s2]", "[%[y], %[x2], lsl #1]")
        EK_FINISH("%[s3]", "[%[y], %[s0]]")
        "ldr     %[v], %[end]                  \n\t"
        "add     %[y], %[y], %[x2], lsl #2     \n\t"
        "cmp     %[r0], %[v]                   \n\t"
        "bne     1b                            \n\t"
        : [r0] "+&r"(at->row[0]), [r1] "+&r"(at->row[1]), [r2] "+&r"(at->row[2]), [y] "+&r"(output),
          [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3), [x0] "=&r"(x0),
          [x1] "=&r"(x1), [x2] "=&r"(x2), [u] "=&r"(u), [v] "=&r"(v)
        : [w] "r"(channel), [end] "m"(end), [stride] "m"(stride)
        : "cc", "memory");
    return output;
}

#else

static inline int8_t *ek_depthwise_fours(const ek_depthwise_channel_t *channel, ek_rows_t *at,
                                         int32_t fours, int8_t *output, int32_t stride)
{
    for (int32_t i = 0; i < 4 * fours; i++, output += stride) {
        *output = (int8_t)ek_finish(ek_depthwise_sum(channel, *at), channel->finish);
        for (int32_t row = 0; row < 3; row++) at->row[row]++;
    }
    return output;
}

#endif

/* Two neighbouring outputs of any stride. */
static inline void ek_depthwise_pair(const ek_depthwise_channel_t *channel, ek_rows_t at,
                                     int32_t step, int8_t *output, int32_t stride)
{
    int32_t first = channel->bias, second = first;
    for (int32_t i = 0; i < 3; i++) {
        const int32_t t01 = channel->taps[2 * i], t12 = channel->taps[2 * i + 1];
        const int16_t *x = at.row[i];
        first = ek_smlad(ek_load_lanes(x), t01, first);
        first = ek_smlabt(x[2], t12, first);
        second = ek_smlad(ek_load_lanes(x + step), t01, second);
        second = ek_smlabt(x[step + 2], t12, second);
    }
    output[0] = (int8_t)ek_finish(first, channel->finish);
    output[stride] = (int8_t)ek_finish(second, channel->finish);
}

/* One row of outputs of one channel. */
static inline void ek_depthwise_row(const ek_depthwise_conv2d_s8_t *p,
                                    const ek_depthwise_channel_t *channel, ek_rows_t at,
                                    int8_t *output)
{
    const int32_t step = p->stride_w, stride = p->input_c;
    int32_t left = p->output_w;
    if (step == 1 && left >= 4) {
        output = ek_depthwise_fours(channel, &at, left >> 2, output, stride);
        left &= 3;
    }
    for (; left >= 2; left -= 2, output += 2 * stride) {
        ek_depthwise_pair(channel, at, step, output, stride);
        for (int32_t i = 0; i < 3; i++) at.row[i] += 2 * step;
    }
    if (left > 0) *output = (int8_t)ek_finish(ek_depthwise_sum(channel, at), channel->finish);
}

/* All rows of four channels of one image. */
static inline void ek_depthwise_rows(const ek_depthwise_t *d, const int8_t *input, int8_t *output)
{
    const ek_depthwise_conv2d_s8_t *p = d->p;
    const int32_t pitch = d->pitch, row_size = p->input_w * p->input_c;
    int32_t split = 0; /* input rows 0 to split - 1 have been taken apart */
    for (int32_t y = 0; y < p->output_h; y++, output += p->output_w * p->input_c) {
        ek_rows_t at;
        for (int32_t i = 0; i < 3; i++) {
            const int32_t h = y * p->stride_h - p->pad_top + i;
            at.row[i] = d->outside;
            if (h < 0 || h >= p->input_h) continue;
            int16_t *const row = d->ring + h % EK_RING * EK_LANES * pitch;
            at.row[i] = row;
            if (h < split) continue;
            ek_split_row(input + h * row_size, p->input_w, p->input_c, d->count, row + p->pad_left,
                         pitch);
            split = h + 1;
        }
        for (int32_t c = 0; c < d->count; c++) {
            ek_depthwise_row(p, &d->channel[c], at, output + c);
            for (int32_t i = 0; i < 3; i++) at.row[i] += pitch;
        }
    }
}

#endif
