/* fuzz_main.c - EK_FUZZ_SHAPES cases of every kernel; prints one line each, then the checksum. */
#include <stdio.h>

#include "fuzz.h"

#ifndef EK_FUZZ_SHAPES
#define EK_FUZZ_SHAPES 300
#endif

static const struct {
    const char *kernel;
    void (*run_case)(void);
} SUITE[] = {
    {"conv2d_s8", fuzz_conv2d},
    {"depthwise_conv2d_s8", fuzz_depthwise_conv2d},
    {"fully_connected_s8", fuzz_fully_connected},
    {"average_pool2d_s8", fuzz_average_pool2d},
    {"max_pool2d_s8", fuzz_max_pool2d},
    {"mean_s8", fuzz_mean},
    {"add_s8", fuzz_add},
    {"mul_s8", fuzz_mul},
    {"lut_s8", fuzz_lut},
    {"quantize_f32_s8", fuzz_quantize},
    {"dequantize_s8_f32", fuzz_dequantize},
    {"softmax_s8", fuzz_softmax},
    {"pad_s8", fuzz_pad},
    {"concat_s8", fuzz_concat},
    {"copy_s8", fuzz_copy},
    {"move_s8", fuzz_move},
    {"sub_s8", fuzz_sub},
    {"prelu_s8", fuzz_prelu},
    {"maximum_s8", fuzz_maximum},
    {"minimum_s8", fuzz_minimum},
    {"strided_copy_s8", fuzz_strided_copy},
    {"take_s8", fuzz_take},
    {"resize_bilinear_s8", fuzz_resize_bilinear},
    {"transpose_conv2d_s8", fuzz_transpose_conv2d},
    {"arg_max_s8", fuzz_arg_max},
    {"batch_matmul_s8", fuzz_batch_matmul},
    {"decode_rans_w8", fuzz_decode_rans},
    {"decode_palette_w8", fuzz_decode_palette},
    {"decode_half_w8", fuzz_decode_half},
    {"shift_s8", fuzz_shift},
    {"running_mean_s8", fuzz_running_mean},
    {"running_average_s8", fuzz_running_average},
};

int main(void)
{
    for (size_t i = 0; i < sizeof SUITE / sizeof SUITE[0]; i++) {
        const int before = fuzz_failures();
        fuzz_seed((uint32_t)i + 1u);
        for (int shape = 0; shape < EK_FUZZ_SHAPES; shape++) {
            SUITE[i].run_case();
            fuzz_end_case();
        }
        printf("%s: %d shapes, %d failures\n", SUITE[i].kernel, EK_FUZZ_SHAPES,
               fuzz_failures() - before);
    }
    printf("checksum %08lx\n", (unsigned long)fuzz_checksum());
    return fuzz_failures() != 0;
}
