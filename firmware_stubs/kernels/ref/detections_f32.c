/* detections_f32.c - a detection head whose boxes compete by their best class. */
#include <assert.h>
#include <string.h>

#include "ek_detections_f32.h"

/* Whether a class comes behind another; -1 stands before all. */
static int comes_behind(const float *scores, int32_t class, int32_t after)
{
    if (after < 0) return 1;
    const float own = scores[class], other = scores[after];
    return own < other || (own == other && class > after);
}

/* The best class, or with `after` >= 0 the best of those that come behind it. */
static int32_t best_class(const float *scores, int32_t classes, int32_t after)
{
    int32_t best = -1;
    for (int32_t c = 0; c < classes; c++) {
        if (comes_behind(scores, c, after) && (best < 0 || scores[c] > scores[best])) best = c;
    }
    return best < 0 ? 0 : best;
}

static int32_t list_candidates(const ek_detections_f32_t *p, const float *scores,
                               ek_candidate_t *candidates)
{
    int32_t count = 0;
    for (int32_t b = 0; b < p->boxes; b++) {
        const float *const own = scores + b * p->columns;
        const float best = own[best_class(own, p->classes, -1)];
        if (best >= p->score_threshold) candidates[count++] = (ek_candidate_t){best, b};
    }
    return count;
}

void ek_detections_f32__ref(const ek_detections_f32_t *p, const float *encodings,
                            const float *scores, const float *anchors, float *boxes,
                            float *classes, float *chosen, float *count, void *scratch)
{
    assert(p->boxes > 0 && p->values >= 4 && p->classes > 0 && p->classes_per_box > 0);
    ek_corners_t *const corners = scratch;
    ek_candidate_t *const candidates = (ek_candidate_t *)(corners + p->boxes);
    const size_t rows = (size_t)(p->max_detections * p->classes_per_box);
    const int32_t listed = p->classes_per_box < p->classes ? p->classes_per_box : p->classes;
    memset(boxes, 0, rows * sizeof *corners);
    memset(classes, 0, rows * sizeof *classes);
    memset(chosen, 0, rows * sizeof *chosen);

    scores += p->columns - p->classes; /* the background comes first */
    ek_decode_boxes(p, encodings, scores, anchors, corners);
    int32_t left = list_candidates(p, scores, candidates), found = 0;
    for (; left > 0 && found < p->max_detections; found++) {
        const int32_t best = ek_best_candidate(candidates, left), box = candidates[best].box;
        const float *const own = scores + box * p->columns;
        for (int32_t i = 0, class = -1; i < listed; i++) {
            const int32_t row = found * p->classes_per_box + i;
            class = best_class(own, p->classes, class);
            memcpy(boxes + row * 4, corners + box, sizeof *corners);
            classes[row] = (float)class;
            chosen[row] = own[class];
        }
        left = ek_suppress(corners, candidates, left, best, p->iou_threshold);
    }
    *count = (float)found;
}
