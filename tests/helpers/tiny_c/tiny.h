/* tiny.h - a model small enough to check by hand, written as the generator writes them. */
#ifndef TINY_H
#define TINY_H

#include <stdint.h>

#include "ek_model.h"

extern const ek_model_t tiny_model;
extern const int8_t tiny_scores_w[4][8];

void tiny_dense(const int8_t *input, const int8_t weights[4][8], int8_t *output);

#endif
