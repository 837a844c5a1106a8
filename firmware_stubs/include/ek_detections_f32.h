/* ek_detections_f32.h - what detection heads share: decoding boxes, and which of them remain.
 *
 * Candidates stand in the order of their boxes. The best one is taken, it and all it overlaps go,
 * the others close ranks: what sorting first would give, without the sorted list.
 */
#ifndef EK_DETECTIONS_F32_H
#define EK_DETECTIONS_F32_H

#include <stdint.h>

#include "ek_exp_f64.h"
#include "ek_kernels_f32.h"

typedef struct {
    float top, left, bottom, right;
} ek_corners_t;

typedef struct {
    float score;
    int32_t box;
} ek_candidate_t;

static inline float ek_decoded_centre(float value, float scale, float size, float centre)
{
    return (float)((double)value / (double)scale * (double)size + (double)centre);
}

static inline float ek_decoded_half(float value, float scale, float size)
{
    return (float)(0.5 * ek_exp_f64((double)value / (double)scale) * (double)size);
}

/* Whether a box has a class whose score counts. */
static inline int ek_may_be_found(const ek_detections_f32_t *p, const float *scores)
{
    for (int32_t c = 0; c < p->classes; c++) {
        if (scores[c] >= p->score_threshold) return 1;
    }
    return 0;
}

/* Decodes the boxes that may be found; `scores` are without background, `columns` apart. */
static inline void ek_decode_boxes(const ek_detections_f32_t *p, const float *encodings,
                                   const float *scores, const float *anchors,
                                   ek_corners_t *corners)
{
    for (int32_t b = 0; b < p->boxes; b++, encodings += p->values, anchors += 4) {
        if (!ek_may_be_found(p, scores + b * p->columns)) continue;
        const float y = ek_decoded_centre(encodings[0], p->y_scale, anchors[2], anchors[0]);
        const float x = ek_decoded_centre(encodings[1], p->x_scale, anchors[3], anchors[1]);
        const float half_h = ek_decoded_half(encodings[2], p->h_scale, anchors[2]);
        const float half_w = ek_decoded_half(encodings[3], p->w_scale, anchors[3]);
        corners[b] = (ek_corners_t){y - half_h, x - half_w, y + half_h, x + half_w};
    }
}

static inline float ek_area(const ek_corners_t *box)
{
    return (box->bottom - box->top) * (box->right - box->left);
}

/* How far [a_low, a_high] and [b_low, b_high] overlap; 0 when they do not. */
static inline float ek_shared_length(float a_low, float a_high, float b_low, float b_high)
{
    const float low = a_low < b_low ? b_low : a_low;
    const float high = b_high < a_high ? b_high : a_high;
    return high - low > 0.0f ? high - low : 0.0f;
}

/* What two boxes share, over their union; 0 where one has no area. */
static inline float ek_overlap(const ek_corners_t *a, const ek_corners_t *b)
{
    const float area_a = ek_area(a), area_b = ek_area(b);
    if (area_a <= 0.0f || area_b <= 0.0f) return 0.0f;
    const float shared = ek_shared_length(a->top, a->bottom, b->top, b->bottom) *
                         ek_shared_length(a->left, a->right, b->left, b->right);
    return shared / (area_a + area_b - shared);
}

/* The first of the best candidates, of which there is at least one. */
static inline int32_t ek_best_candidate(const ek_candidate_t *candidates, int32_t count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++) {
        if (candidates[i].score > candidates[best].score) best = i;
    }
    return best;
}

/* Takes candidate `best` out, and those that overlap it too far; returns how many are left. */
static inline int32_t ek_suppress(const ek_corners_t *corners, ek_candidate_t *candidates,
                                  int32_t count, int32_t best, float threshold)
{
    const ek_corners_t *const kept = corners + candidates[best].box;
    int32_t left = 0;
    for (int32_t i = 0; i < count; i++) {
        if (i == best || ek_overlap(kept, corners + candidates[i].box) > threshold) continue;
        candidates[left++] = candidates[i];
    }
    return left;
}

#endif
