/* ek_kernels_any.h - kernels in portable C that take fewer instructions than `ref` on any processor,
 * each equal bit for bit to the `ref` kernel of its operator.
 */
#ifndef EK_KERNELS_ANY_H
#define EK_KERNELS_ANY_H

#include "ek_kernels.h"

/* As ek_maximum_s8 and ek_minimum_s8. */
void ek_maximum_s8__any(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);
void ek_minimum_s8__any(const ek_choice_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output);

/* As ek_lut_s8. May run in place. */
void ek_lut_s8__any(int32_t count, const int8_t table[256], const int8_t *input, int8_t *output);

/* As ek_softmax_s8. scratch of the first: 4 bytes for each element of a row; the second takes the 256
 * exponentials that there are. */
void ek_softmax_once_s8__any(const ek_softmax_s8_t *p, const int8_t *input, int8_t *output,
                             void *scratch);
void ek_softmax_table_s8__any(const ek_softmax_s8_t *p, const int8_t *input,
                              const int32_t exponentials[256], int8_t *output);

/* As ek_resize_bilinear_s8. */
void ek_resize_bilinear_s8__any(const ek_resize_bilinear_s8_t *p, const int16_t *rows,
                                const int16_t *columns, const int8_t *input, int8_t *output);

/* As ek_strided_copy_s8. */
void ek_strided_copy_s8__any(const ek_strided_copy_s8_t *p, const int8_t *input, int8_t *output);

#endif
