/* tile_b1.c - bits that differ, of sixteen pixels and all channels, by tables of nibbles.
 *
 * Counts are added in bytes, which hold those of seven words, and then in half-words. Pixels outside
 * that are to be neither +1 nor -1 have 0 in all entries, and their share is added at the end.
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "ek_dsp_b1.h"

#define LANES 4      /* words of sixteen bytes */
#define PATTERNS 16  /* of a nibble */
#define MOST_WORDS 7 /* 7 * 32 differing bits fit a byte */

typedef struct {
    int32_t y[EK_B1_TILE], x[EK_B1_TILE]; /* where the windows start */
    const uint32_t *image[EK_B1_TILE];
    const uint32_t *signs[EK_B1_TILE];    /* at the current tap; the image's first where outside */
    uint32_t keep[EK_B1_TILE];            /* 0 outside, else all bits */
    uint32_t one[LANES];                  /* 1 in the bytes of pixels that count at this tap */
    uint16_t outside[EK_B1_TILE];         /* taps outside so far */
} tile_t;

static void start_tile(const ek_conv2d_b1_t *p, const uint32_t *input, int32_t first, tile_t *tile)
{
    const int32_t last = ek_b1_pixels(p) - 1, area = p->output_h * p->output_w;
    for (int32_t n = 0; n < EK_B1_TILE; n++) {
        const int32_t pixel = ek_min(first + n, last), at = pixel % area;
        tile->y[n] = at / p->output_w * p->stride_h - p->pad_top;
        tile->x[n] = at % p->output_w * p->stride_w - p->pad_left;
        tile->image[n] = input + pixel / area * (p->input_h * p->input_w * p->group_words);
        tile->outside[n] = 0;
    }
}

/* Finds the pixels of tap (i, j). */
static void move_tile(const ek_conv2d_b1_t *p, int32_t i, int32_t j, tile_t *tile)
{
    memset(tile->one, p->pad_ones, sizeof tile->one);
    for (int32_t n = 0; n < EK_B1_TILE; n++) {
        const int32_t y = tile->y[n] + i * p->dilation_h, x = tile->x[n] + j * p->dilation_w;
        const bool inside = (uint32_t)y < (uint32_t)p->input_h && (uint32_t)x < (uint32_t)p->input_w;
        const int32_t offset = (y * p->input_w + x) * p->group_words;
        tile->signs[n] = tile->image[n] + (inside ? offset : 0);
        tile->keep[n] = inside ? UINT32_MAX : 0;
        tile->one[n / LANES] |= (uint32_t)inside << n % LANES * 8;
        tile->outside[n] = (uint16_t)(tile->outside[n] + !inside);
    }
}

/* Entries 4 * row to 4 * row + 3: of the upper two bits `high` differ. */
#define FILL_ROW(entry, row, high, none, first, second, both)     \
    do {                                                          \
        const uint32_t high_ = (high);                            \
        (entry)[(4 * (row) + 0) * LANES] = high_ + (none);        \
        (entry)[(4 * (row) + 1) * LANES] = high_ + (first);       \
        (entry)[(4 * (row) + 2) * LANES] = high_ + (second);      \
        (entry)[(4 * (row) + 3) * LANES] = high_ + (both);        \
    } while (0)

/* The entries of one nibble for four pixels: the lowest four bits of each byte of `bits` are theirs.
 * `one` is 1 in the bytes of pixels that count. In straight line, as compilers that want small code
 * leave loops in. */
static void fill_nibble(uint32_t bits, uint32_t one, uint32_t *entry)
{
    const uint32_t a = bits & one, b = bits >> 1 & one, c = bits >> 2 & one, d = bits >> 3 & one;
    const uint32_t not_a = a ^ one, not_b = b ^ one, not_c = c ^ one, not_d = d ^ one;
    const uint32_t none = a + b, first = not_a + b, second = a + not_b, both = not_a + not_b;
    FILL_ROW(entry, 0, c + d, none, first, second, both);
    FILL_ROW(entry, 1, not_c + d, none, first, second, both);
    FILL_ROW(entry, 2, c + not_d, none, first, second, both);
    FILL_ROW(entry, 3, not_c + not_d, none, first, second, both);
}

static void fill_byte(uint32_t bits, uint32_t one, uint32_t *table)
{
    fill_nibble(bits, one, table);
    fill_nibble(bits >> 4, one, table + PATTERNS * LANES);
}

/* All entries of a word for the four pixels whose signs are x, transposed to a byte each. */
static void fill_lane(const uint32_t x[LANES], uint32_t one, uint32_t *table)
{
    const uint32_t even = 0x00ff00ffu, lower = 0x0000ffffu;
    const uint32_t a = (x[0] & even) | (x[1] & even) << 8, b = (x[0] >> 8 & even) | (x[1] & ~even);
    const uint32_t c = (x[2] & even) | (x[3] & even) << 8, d = (x[2] >> 8 & even) | (x[3] & ~even);
    fill_byte((a & lower) | c << 16, one, table);
    fill_byte((b & lower) | d << 16, one, table + 2 * PATTERNS * LANES);
    fill_byte(a >> 16 | (c & ~lower), one, table + 4 * PATTERNS * LANES);
    fill_byte(b >> 16 | (d & ~lower), one, table + 6 * PATTERNS * LANES);
}

/* The tables of one word of all pixels. */
static void fill_tables(const tile_t *tile, int32_t word, uint32_t *table)
{
    for (int32_t lane = 0; lane < LANES; lane++) {
        const uint32_t *const *const signs = tile->signs + 4 * lane;
        const uint32_t *const keep = tile->keep + 4 * lane;
        const uint32_t x[LANES] = {signs[0][word] & keep[0], signs[1][word] & keep[1],
                                   signs[2][word] & keep[2], signs[3][word] & keep[3]};
        fill_lane(x, tile->one[lane], table + lane);
    }
}

/* Adds the counts of one word of weights of every channel. */
static void count_word(const uint8_t *middle, const uint32_t *weights, int32_t channels,
                       ek_b1_bytes_t *bytes)
{
    for (const uint32_t *end = weights + channels; weights < end; weights++, bytes++) {
        ek_b1_bytes_t sum = *bytes;
        EK_B1_ADD_WORD(sum, middle, weights[0]);
        *bytes = sum;
    }
}

/* The same for two words, each with tables of its own. */
static void count_pair(const uint8_t *middle, const uint32_t *weights, int32_t channels,
                       ek_b1_bytes_t *bytes)
{
    const uint8_t *const other = middle + EK_B1_TABLES;
    for (const uint32_t *end = weights + 2 * channels; weights < end; weights += 2, bytes++) {
        ek_b1_bytes_t sum = *bytes;
        EK_B1_ADD_WORD(sum, middle, weights[0]);
        EK_B1_ADD_WORD(sum, other, weights[1]);
        *bytes = sum;
    }
}

/* Bytes are added to half-words and cleared. */
static void widen(ek_b1_bytes_t *bytes, int32_t channels, uint32_t *counts)
{
    for (ek_b1_bytes_t *end = bytes + channels; bytes < end; bytes++, counts += 2 * LANES) {
        EK_B1_WIDEN(counts, bytes->a);
        EK_B1_WIDEN(counts + 2, bytes->b);
        EK_B1_WIDEN(counts + 4, bytes->c);
        EK_B1_WIDEN(counts + 6, bytes->d);
        bytes->a = bytes->b = bytes->c = bytes->d = 0;
    }
}

static void add_outside(const ek_conv2d_b1_t *p, const tile_t *tile, uint16_t *counts)
{
    for (int32_t n = 0; n < EK_B1_TILE; n++) {
        const int32_t share = tile->outside[n] * p->pad_bits;
        uint16_t *count = counts + ek_b1_place(n);
        if (!share) continue;
        for (int32_t o = 0; o < p->output_c; o++) {
            count[o * EK_B1_TILE] = (uint16_t)(count[o * EK_B1_TILE] + share);
        }
    }
}

void ek_tile_b1__dsp(const ek_conv2d_b1_t *p, const uint32_t *input, const uint32_t *weights,
                     int32_t first, void *scratch, uint16_t *counts)
{
    assert(p->groups == 1 && (uintptr_t)scratch % sizeof(uint32_t) == 0);
    const int32_t words = p->kernel_h * p->kernel_w * p->group_words;
    uint8_t *const table = scratch;
    ek_b1_bytes_t *const bytes = (ek_b1_bytes_t *)(void *)(table + 2 * EK_B1_TABLES);
    uint32_t *const sums = (uint32_t *)(void *)counts;
    tile_t tile;
    start_tile(p, input, first, &tile);
    memset(bytes, 0, (size_t)p->output_c * 3 * sizeof *bytes); /* counts lie behind bytes */
    for (int32_t word = 0, pending = 0; word < words;) {
        const int32_t taken = ek_min(2, words - word);
        for (int32_t n = 0; n < taken; n++, word++) {
            const int32_t tap = word / p->group_words, k = word % p->group_words;
            if (k == 0) move_tile(p, tap / p->kernel_w, tap % p->kernel_w, &tile);
            fill_tables(&tile, k, (uint32_t *)(void *)(table + n * EK_B1_TABLES));
        }
        if (pending + taken > MOST_WORDS) widen(bytes, p->output_c, sums), pending = 0;
        if (taken == 2) count_pair(table + EK_B1_MIDDLE, weights, p->output_c, bytes);
        else count_word(table + EK_B1_MIDDLE, weights, p->output_c, bytes);
        weights += taken * p->output_c;
        pending += taken;
    }
    widen(bytes, p->output_c, sums);
    if (!p->pad_ones) add_outside(p, &tile, counts);
}
