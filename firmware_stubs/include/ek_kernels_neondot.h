/* ek_kernels_neondot.h - the kernels of 64-bit Arm processors with the dot product extension
 * (Raspberry Pi 5, phones since about 2018); other operators use those of ek_kernels_neon.h.
 *
 * Weights and factors are packed by the converter; ek_neon_dot.h draws their layout.
 */
#ifndef EK_KERNELS_NEONDOT_H
#define EK_KERNELS_NEONDOT_H

#include "ek_kernels_neon.h"

/* As ek_conv2d_s8. Scratch: four windows, each rounded up to 16 taps. */
void ek_conv2d_s8__neondot(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                           const int32_t *factors, int8_t *output, int8_t *scratch);

/* As ek_fully_connected_s8. Scratch: four rows of input_c rounded up to 16. */
void ek_fully_connected_s8__neondot(const ek_fully_connected_s8_t *p, const int8_t *input,
                                    const int8_t *weights, const int32_t *factors, int8_t *output,
                                    int8_t *scratch);

#endif
