/* ek_frame.c - see ek_frame.h. */
#include "ek_frame.h"

#include <string.h>

#include "ek_lanes.h"

/* No weight is negative, so that no sum is; rounded weights may add up to a little more than one. */
static inline uint8_t rounded(int32_t sum) { return (uint8_t)ek_level(sum >> EK_WEIGHT_BITS); }

static const int32_t half = 1 << (EK_WEIGHT_BITS - 1);

static void across_gray(const ek_frame_plan_t *plan, const uint8_t *pixels, uint8_t *to)
{
    const int32_t *weight = plan->across_weight;
    for (uint32_t x = 0; x < plan->out_width; x++) {
        const uint8_t *from = pixels + plan->across[x].first;
        const uint32_t count = plan->across[x].count;
        int32_t sum = half;
        if (count & 1) sum += *weight++ * *from++;
        for (uint32_t i = count / 2u; i > 0; i--, weight += 2, from += 2)
            sum += weight[0] * from[0] + weight[1] * from[1];
        *to++ = rounded(sum);
    }
}

static void across_rgb(const ek_frame_plan_t *plan, const uint8_t *pixels, uint8_t *to)
{
    const int32_t *weight = plan->across_weight;
    for (uint32_t x = 0; x < plan->out_width; x++) {
        const uint8_t *from = pixels + 3u * plan->across[x].first;
        int32_t red = half, green = half, blue = half;
        for (uint32_t i = plan->across[x].count; i > 0; i--, from += 3) {
            const int32_t w = *weight++;
            red += w * from[0];
            green += w * from[1];
            blue += w * from[2];
        }
        *to++ = rounded(red);
        *to++ = rounded(green);
        *to++ = rounded(blue);
    }
}

void ek_frame_across(const ek_frame_plan_t *plan, const uint8_t *pixels, uint8_t *to)
{
    if (plan->planes == 1) across_gray(plan, pixels, to);
    else across_rgb(plan, pixels, to);
}

typedef struct {
    int32_t red, green, blue;
} colours_t;

/* Two pixels with their two weights. */
static inline colours_t add_pair(colours_t sum, const uint32_t *lanes, const int32_t *weight)
{
    const int32_t first = weight[0], second = weight[1];
    sum.red = ek_lane_second(second, lanes[0], ek_lane_first(first, lanes[0], sum.red));
    sum.green = ek_lane_second(second, lanes[1], ek_lane_first(first, lanes[1], sum.green));
    sum.blue = ek_lane_second(second, lanes[2], ek_lane_first(first, lanes[2], sum.blue));
    return sum;
}

void ek_frame_across_lanes(const ek_frame_plan_t *plan, const uint32_t *lanes, uint8_t *to)
{
    const int32_t *weight = plan->across_weight;
    const ek_taps_t *const end = plan->across + plan->out_width;
    for (const ek_taps_t *taps = plan->across; taps < end; taps++, to += 3) {
        const uint32_t *from = lanes + 3u * taps->first;
        colours_t sum = {half, half, half};
        if (taps->count & 1) {
            sum = add_pair(sum, from, weight);
            from += 3, weight += 2;
        }
        for (uint32_t i = taps->count / 2u; i > 0; i--, from += 6, weight += 4) {
            sum = add_pair(sum, from, weight);
            sum = add_pair(sum, from + 3, weight + 2);
        }
        to[0] = rounded(sum.red);
        to[1] = rounded(sum.green);
        to[2] = rounded(sum.blue);
    }
}

enum { FEW = 4 };

/* Up to FEW rows, all in registers; rows that are not there have the weight 0. */
static void down_few(const ek_frame_plan_t *plan, const int32_t *weight, ek_taps_t taps,
                     const uint8_t *kept, uint8_t *mixed)
{
    const uint32_t row = (uint32_t)plan->out_width * plan->planes;
    const uint8_t *from[FEW];
    int32_t w[FEW] = {0, 0, 0, 0};
    for (uint32_t k = 0; k < FEW; k++) {
        const uint32_t there = k < taps.count ? k : 0;
        from[k] = kept + (taps.first + there) % plan->kept * row;
        if (k < taps.count) w[k] = weight[k];
    }
    const uint8_t *a = from[0], *b = from[1], *c = from[2], *d = from[3];
    for (uint32_t i = row; i > 0; i--)
        *mixed++ = rounded(half + w[0] * *a++ + w[1] * *b++ + w[2] * *c++ + w[3] * *d++);
}

enum { BESIDE = 4 };

typedef struct {
    int32_t a, b, c, d;
} sums_t;

/* BESIDE neighbours at once, in `rows` rows, each `row` bytes behind the one before. */
static inline sums_t add_rows(sums_t sum, const int32_t *weight, const uint8_t *from, uint32_t rows,
                              uint32_t row)
{
    for (; rows > 0; rows--, from += row) {
        const int32_t w = *weight++;
        sum.a += w * from[0];
        sum.b += w * from[1];
        sum.c += w * from[2];
        sum.d += w * from[3];
    }
    return sum;
}

/* The rows lie in a ring: from the oldest to its end, then from its start. The last neighbours of a
 * row are taken together with some that are done already. */
static void down_many(const ek_frame_plan_t *plan, const int32_t *weight, ek_taps_t taps,
                      const uint8_t *kept, uint8_t *mixed)
{
    const uint32_t row = (uint32_t)plan->out_width * plan->planes;
    const uint32_t oldest = taps.first % plan->kept, room = plan->kept - oldest;
    const uint32_t late = taps.count < room ? taps.count : room, early = taps.count - late;
    for (uint32_t i = 0; i < row; i += BESIDE) {
        if (i + BESIDE > row) i = row - BESIDE;
        sums_t sum = {half, half, half, half};
        sum = add_rows(sum, weight, kept + oldest * row + i, late, row);
        sum = add_rows(sum, weight + late, kept + i, early, row);
        mixed[i] = rounded(sum.a);
        mixed[i + 1] = rounded(sum.b);
        mixed[i + 2] = rounded(sum.c);
        mixed[i + 3] = rounded(sum.d);
    }
}

/* Rows of less than BESIDE bytes. */
static void down_narrow(const ek_frame_plan_t *plan, const int32_t *weight, ek_taps_t taps,
                        const uint8_t *kept, uint8_t *mixed)
{
    const uint32_t row = (uint32_t)plan->out_width * plan->planes;
    for (uint32_t i = 0; i < row; i++) {
        int32_t sum = half;
        for (uint32_t k = 0; k < taps.count; k++)
            sum += weight[k] * kept[(taps.first + k) % plan->kept * row + i];
        mixed[i] = rounded(sum);
    }
}

void ek_frame_down(const ek_frame_plan_t *plan, const int32_t *weight, ek_taps_t taps,
                   const uint8_t *kept, uint8_t *mixed)
{
    if (taps.count <= FEW) down_few(plan, weight, taps, kept, mixed);
    else if ((uint32_t)plan->out_width * plan->planes < BESIDE)
        down_narrow(plan, weight, taps, kept, mixed);
    else down_many(plan, weight, taps, kept, mixed);
}

static void store_bytes(const ek_frame_plan_t *plan, const uint8_t *mixed, uint8_t *out)
{
    for (uint32_t c = 0; c < plan->channels; c++) {
        const uint8_t *stored = plan->stored + c * EK_LEVELS, *from = mixed + plan->order[c];
        uint8_t *to = out + c;
        for (uint32_t x = plan->out_width; x > 0; x--, from += plan->channels, to += plan->channels)
            *to = stored[*from];
    }
}

/* Grey as three equal colours, from the last pixel on: they lie in the same memory. */
static void spread(uint32_t pixels, uint8_t *mixed)
{
    for (uint32_t x = pixels; x > 0; x--) {
        const uint8_t level = mixed[x - 1];
        uint8_t *to = mixed + 3u * (x - 1);
        to[0] = to[1] = to[2] = level;
    }
}

void ek_frame_store(const ek_frame_plan_t *plan, const uint8_t *mixed, uint8_t *out)
{
    if (plan->bytes == 1) {
        store_bytes(plan, mixed, out);
        return;
    }
    for (uint32_t x = plan->out_width; x > 0; x--, mixed += plan->channels)
        for (uint32_t c = 0; c < plan->channels; c++, out += plan->bytes) {
            const uint32_t level = c * EK_LEVELS + mixed[plan->order[c]];
            memcpy(out, plan->stored + level * plan->bytes, plan->bytes);
        }
}

typedef struct {
    ek_frame_row_t *row;
    void *camera;
    const uint8_t *ring[4]; /* the last rows asked for, row y at y % 4 */
    uint32_t next;          /* the row to ask for next */
} source_t;

static const uint8_t *ask(source_t *source, uint32_t y)
{
    if (y >= source->next) {
        source->ring[y & 3] = source->row(source->camera, y);
        source->next = y + 1;
    }
    return source->ring[y & 3];
}

/* Beyond an edge lies what is one row inside it: colours of Bayer rows alternate. */
static ek_rows_t rows_around(const ek_frame_plan_t *plan, source_t *source, uint32_t y)
{
    ek_rows_t rows = {0, 0, 0};
    if (plan->neighbours) {
        rows.above = y > 0 ? ask(source, y - 1) : 0;
        rows.at = ask(source, y);
        rows.below = y + 1u < plan->height ? ask(source, y + 1) : rows.above;
        if (!rows.above) rows.above = rows.below;
    } else {
        rows.at = ask(source, y);
    }
    return rows;
}

static void bring(const ek_frame_plan_t *plan, const ek_frame_work_t *work, source_t *source,
                  uint32_t y)
{
    const ek_rows_t rows = rows_around(plan, source, y);
    const uint32_t row = (uint32_t)plan->out_width * plan->planes;
    uint8_t *to = work->kept + y % plan->kept * row;
    if (plan->lanes) {
        plan->lanes(&rows, y, plan->width, plan->left, plan->columns, work->lanes);
        ek_frame_across_lanes(plan, work->lanes, to);
    } else if (!plan->unpack) {
        ek_frame_across(plan, rows.at + plan->left, to);
    } else {
        plan->unpack(&rows, y, plan->width, plan->left, plan->columns, work->pixels);
        ek_frame_across(plan, work->pixels, to);
    }
}

void ek_frame_convert(const ek_frame_plan_t *plan, const ek_frame_work_t *work,
                      ek_frame_row_t *row, void *camera, ek_frame_seen_t *seen, void *watcher,
                      uint8_t *out)
{
    source_t source = {row, camera, {0, 0, 0, 0}, 0};
    const int32_t *weight = plan->down_weight;
    uint32_t brought = 0;
    for (uint32_t y = 0; y < plan->out_height; y++) {
        const ek_taps_t taps = plan->down[y];
        const uint32_t end = (uint32_t)taps.first + taps.count;
        for (brought = brought > taps.first ? brought : taps.first; brought < end; brought++)
            bring(plan, work, &source, brought);
        ek_frame_down(plan, weight, taps, work->kept, work->mixed);
        weight += taps.count;
        if (plan->planes < plan->channels) spread(plan->out_width, work->mixed);
        if (seen) seen(watcher, y, work->mixed);
        ek_frame_store(plan, work->mixed, out);
        out += (uint32_t)plan->out_width * plan->channels * plan->bytes;
    }
}
