/* ek_w4.h - weights of 4 bits, two to a byte, unpacked while they are used.
 *
 * A row starts at a byte of its own; an odd row ends in half a byte of zeros:
 *
 *     byte     0       1       2
 *     bits   7654 3210  ...  7654 3210
 *     weight   1    0         (0)   4         a row of five, two's complement, -8..7
 */
#ifndef EK_W4_H
#define EK_W4_H

#include <stdint.h>

/* Bytes of a row of `count` weights. */
static inline int32_t ek_w4_row(int32_t count) { return (count + 1) / 2; }

static inline int32_t ek_w4_low(uint8_t pair) { return ((pair & 15) ^ 8) - 8; }

static inline int32_t ek_w4_high(uint8_t pair) { return ((pair >> 4) ^ 8) - 8; }

/* Weight `i` of the row that starts at `w`. */
static inline int32_t ek_w4_at(const uint8_t *w, int32_t i)
{
    return i % 2 ? ek_w4_high(w[i / 2]) : ek_w4_low(w[i / 2]);
}

/* x[0] * row[first] + ... + x[count - 1] * row[first + count - 1] */
static inline int32_t ek_w4_dot(const int8_t *x, const uint8_t *row, int32_t first, int32_t count)
{
    const uint8_t *w = row + first / 2;
    int32_t sum = 0, i = 0;
    if (first % 2 && count > 0) sum = x[i++] * ek_w4_high(*w++);
    for (; i + 1 < count; i += 2, w++) {
        sum += x[i] * ek_w4_low(*w);
        sum += x[i + 1] * ek_w4_high(*w);
    }
    if (i < count) sum += x[i] * ek_w4_low(*w);
    return sum;
}

/* As ek_w4_dot with int16 values, in 64 bits. */
static inline int64_t ek_w4_dot_s16(const int16_t *x, const uint8_t *row, int32_t first,
                                    int32_t count)
{
    const uint8_t *w = row + first / 2;
    int64_t sum = 0;
    int32_t i = 0;
    if (first % 2 && count > 0) sum = x[i++] * ek_w4_high(*w++);
    for (; i + 1 < count; i += 2, w++) {
        /* Two products of 16 by 4 bits have room in 32. */
        sum += x[i] * ek_w4_low(*w) + x[i + 1] * ek_w4_high(*w);
    }
    if (i < count) sum += x[i] * ek_w4_low(*w);
    return sum;
}

/* row[first] + ... + row[first + count - 1] */
static inline int32_t ek_w4_sum(const uint8_t *row, int32_t first, int32_t count)
{
    int32_t sum = 0;
    for (int32_t i = first; i < first + count; i++) sum += ek_w4_at(row, i);
    return sum;
}

/* `rows` rows of `count` weights, a byte each. */
static inline void ek_w4_unpack(const uint8_t *w, int32_t rows, int32_t count, int8_t *y)
{
    for (; rows > 0; rows--, w += ek_w4_row(count), y += count) {
        for (int32_t i = 0; i < count; i++) y[i] = (int8_t)ek_w4_at(w, i);
    }
}

#endif
