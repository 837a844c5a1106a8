/* detections_by_class_f32.c - a detection head whose boxes compete class by class. */
#include <assert.h>
#include <string.h>

#include "ek_detections_f32.h"

typedef struct {
    ek_corners_t *boxes;
    float *classes, *scores;
    int32_t count, most;
} list_t;

/* Puts a detection behind those that are as good, the worst of a full list drops out; returns
 * whether there was a place for it. */
static int insert(list_t *list, ek_corners_t box, int32_t class, float score)
{
    int32_t at = list->count;
    while (at > 0 && list->scores[at - 1] < score) at--;
    if (at == list->most) return 0;
    if (list->count < list->most) list->count++;
    const size_t moved = (size_t)(list->count - 1 - at);
    memmove(list->boxes + at + 1, list->boxes + at, moved * sizeof *list->boxes);
    memmove(list->classes + at + 1, list->classes + at, moved * sizeof *list->classes);
    memmove(list->scores + at + 1, list->scores + at, moved * sizeof *list->scores);
    list->boxes[at] = box;
    list->classes[at] = (float)class;
    list->scores[at] = score;
    return 1;
}

static int32_t list_candidates(const ek_detections_f32_t *p, const float *scores,
                               ek_candidate_t *candidates)
{
    int32_t count = 0;
    for (int32_t b = 0; b < p->boxes; b++) {
        const float score = scores[b * p->columns];
        if (score >= p->score_threshold) candidates[count++] = (ek_candidate_t){score, b};
    }
    return count;
}

/* Detections of one class come best first: where one has no place, those after it have none. */
static void detect_class(const ek_detections_f32_t *p, const float *scores, int32_t class,
                         const ek_corners_t *corners, ek_candidate_t *candidates, list_t *list)
{
    int32_t left = list_candidates(p, scores + class, candidates);
    for (int32_t found = 0; left > 0 && found < p->per_class; found++) {
        const int32_t best = ek_best_candidate(candidates, left);
        const ek_candidate_t kept = candidates[best];
        if (!insert(list, corners[kept.box], class, kept.score)) return;
        left = ek_suppress(corners, candidates, left, best, p->iou_threshold);
    }
}

void ek_detections_by_class_f32__ref(const ek_detections_f32_t *p, const float *encodings,
                                     const float *scores, const float *anchors, float *boxes,
                                     float *classes, float *chosen, float *count, void *scratch)
{
    assert(p->boxes > 0 && p->values >= 4 && p->classes > 0 && p->max_detections > 0);
    ek_corners_t *const corners = scratch;
    ek_candidate_t *const candidates = (ek_candidate_t *)(corners + p->boxes);
    const size_t rows = (size_t)(p->max_detections * p->classes_per_box);
    memset(boxes, 0, rows * sizeof *corners);
    memset(classes, 0, rows * sizeof *classes);
    memset(chosen, 0, rows * sizeof *chosen);

    scores += p->columns - p->classes; /* the background comes first */
    ek_decode_boxes(p, encodings, scores, anchors, corners);
    list_t list = {(ek_corners_t *)(void *)boxes, classes, chosen, 0, p->max_detections};
    for (int32_t class = 0; class < p->classes; class++) {
        detect_class(p, scores, class, corners, candidates, &list);
    }
    *count = (float)list.count;
}
