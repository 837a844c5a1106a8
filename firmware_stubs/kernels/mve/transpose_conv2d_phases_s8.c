/* transpose_conv2d_phases_s8.c - output pixels of one phase after another, each a fully connected layer:
 * ek_phases.h draws it, fully_connected_s8.c the weights of a phase.
 *
 * scratch: a byte for each input of the phase with the most.
 */
#include "ek_kernels_mve.h"
#include "ek_phases.h"

void ek_transpose_conv2d_phases_s8__mve(const ek_transpose_conv2d_s8_t *p, const int8_t *input,
                                        const int8_t *weights, const int32_t *finish,
                                        int8_t *output, void *scratch)
{
    const ek_phase_layout_t layout = {ek_fully_connected_s8__mve, 16, 4, 3, 4};
    ek_transpose_by_phases(p, layout, input, weights, finish, output, scratch);
}
