/* ek_trees.h - what a walk through a decision tree ends with, whatever it compared. */
#ifndef EK_TREES_H
#define EK_TREES_H

#include "ek_kernels.h"

enum { EK_TREE_FIRST, EK_TREE_LEAF, EK_TREE_OUTPUT, EK_TREE_NUMBERS };

static inline void ek_start_sums(const ek_tree_ensemble_t *p, float *output)
{
    for (int32_t o = 0; o < p->outputs; o++) output[o] = 0.0f;
}

/* Adds the leaf that a walk ended in, at the child `c` < 0. */
static inline void ek_add_leaf(const ek_tree_ensemble_t *p, const int32_t *tree, int32_t c,
                               const float *leaves, float *output)
{
    const float *const leaf = leaves + (tree[EK_TREE_LEAF] + ~c) * p->width;
    if (p->width < p->outputs) {
        output[tree[EK_TREE_OUTPUT]] += leaf[0];
        return;
    }
    for (int32_t o = 0; o < p->outputs; o++) output[o] += leaf[o];
}

static inline void ek_finish_sums(const ek_tree_ensemble_t *p, float *output)
{
    if (p->divisor <= 1.0f) return;
    for (int32_t o = 0; o < p->outputs; o++) output[o] /= p->divisor;
}

#endif
