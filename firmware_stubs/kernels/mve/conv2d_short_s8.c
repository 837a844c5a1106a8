/* conv2d_short_s8.c - 1x1 convolution of up to 16 input channels: one vector is a whole pixel.
 *
 * Four pixels stay in registers while the weights pass by, 16 products an instruction. Weights and
 * factors are packed as for conv2d_s8.c: with one chunk a channel that is
 *
 *     w0[0..15] w2[0..15] w1[0..15] w3[0..15] w4[0..15] w6[0..15] ...
 *
 * zeros from input_c on. The last four pixels may have been computed before: no tail of pixels.
 * Of 63 instructions for 16 outputs 4 load, 16 multiply, 8 move sums to vectors, 20 requantize.
 * Helium takes two cycles for most; the store to four places takes about one a word.
 */
#include "ek_mve.h"
#include "ek_requant.h"

typedef struct {
    int8x16_t x0, x1, x2, x3;
} pixels_t;

static inline pixels_t load(const int8_t *input, int32_t depth, mve_pred16_t lanes)
{
    return (pixels_t){
        vldrbq_z_s8(input, lanes),
        vldrbq_z_s8(input + depth, lanes),
        vldrbq_z_s8(input + 2 * depth, lanes),
        vldrbq_z_s8(input + 3 * depth, lanes),
    };
}

/* The next channel of four pixels. */
static inline int32x4_t next(pixels_t v, const int8_t **w, const int32_t **factors)
{
    const int32x4_t sum = ek_mve_dot4(v.x0, v.x1, v.x2, v.x3, vldrbq_s8(*w));
    *w += 16;
    return ek_mve_requant(sum, factors);
}

void ek_conv2d_short_s8__mve(const ek_conv2d_s8_t *p, const int8_t *input, const int8_t *weights,
                             const int32_t *factors, int8_t *output)
{
    const ek_mve_range_t range = {p->output_zero, p->act_min, p->act_max};
    const int32_t depth = p->input_c, output_c = p->output_c;
    const int32_t pixels = p->batches * p->output_h * p->output_w;
    const mve_pred16_t lanes = vctp8q((uint32_t)depth);
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)output_c);
    for (int32_t left = pixels; left > 0; left -= 4) {
        const int32_t pixel = ek_min(pixels - left, pixels - 4);
        const pixels_t v = load(input + pixel * depth, depth, lanes);
        const int8_t *w = weights;
        const int32_t *f = factors;
        int8_t *y = output + pixel * output_c, *const end = y + output_c;
        for (; y < end; y += 4) {
            const int32x4_t a = next(v, &w, &f);
            const int16x8_t ab = ek_mve_pair(a, next(v, &w, &f));
            const int32x4_t c = next(v, &w, &f);
            const int16x8_t cd = ek_mve_pair(c, next(v, &w, &f));
            vstrwq_scatter_offset_s32((int32_t *)(void *)y, places,
                                      vreinterpretq_s32_s8(ek_mve_narrow(ab, cd, range)));
        }
    }
}
