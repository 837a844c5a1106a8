#include "tiny.h"

void tiny_dense(const int8_t *input, const int8_t weights[4][8], int8_t *output)
{
    for (int o = 0; o < 4; o++) {
        int32_t sum = 0;
        for (int i = 0; i < 8; i++) sum += input[i] * weights[o][i];
        sum /= 16;
        output[o] = (int8_t)(sum < -128 ? -128 : sum > 127 ? 127 : sum);
    }
}
