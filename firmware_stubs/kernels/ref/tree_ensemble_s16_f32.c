/* tree_ensemble_s16_f32.c - the leaves of decision trees over int16 features, summed. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_trees.h"

void ek_tree_ensemble_s16_f32__ref(const ek_tree_ensemble_t *p, const int16_t *input,
                                   const int16_t *features, const int16_t *thresholds,
                                   const int16_t *children, const int32_t *trees,
                                   const float *leaves, float *output)
{
    assert(p->trees > 0 && (p->width == 1 || p->width == p->outputs));
    for (int32_t b = 0; b < p->batches; b++, input += p->inputs, output += p->outputs) {
        ek_start_sums(p, output);
        for (int32_t t = 0; t < p->trees; t++) {
            const int32_t *const tree = trees + t * EK_TREE_NUMBERS;
            int32_t child = 0;
            while (child >= 0) {
                const int32_t at = tree[EK_TREE_FIRST] + child;
                child = children[2 * at + (input[features[at]] > thresholds[at])];
            }
            ek_add_leaf(p, tree, child, leaves, output);
        }
        ek_finish_sums(p, output);
    }
}
