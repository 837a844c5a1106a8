/* mean_s16.c - four loops over the axes that stay, around four over the axes that are summed. */
#include <assert.h>

#include "ek_kernels_s16.h"
#include "ek_requant_s16.h"

/* Extents of the loops over one kind of axis, and the input's stride along each axis. */
typedef struct {
    int32_t extent[4], stride[4];
} loops_t;

static int32_t count(const loops_t *loops)
{
    const int32_t *n = loops->extent;
    return n[0] * n[1] * n[2] * n[3];
}

static int32_t sum(const loops_t *summed, const int16_t *input)
{
    const int32_t *n = summed->extent, *stride = summed->stride;
    int32_t total = 0;
    for (int32_t a = 0; a < n[0]; a++) {
        for (int32_t b = 0; b < n[1]; b++) {
            for (int32_t c = 0; c < n[2]; c++) {
                const int16_t *x = input + a * stride[0] + b * stride[1] + c * stride[2];
                for (int32_t d = 0; d < n[3]; d++) total += x[d * stride[3]];
            }
        }
    }
    return total;
}

static void split_axes(const ek_mean_s8_t *p, loops_t *kept, loops_t *summed)
{
    int32_t stride = 1;
    for (int axis = 3; axis >= 0; axis--) {
        kept->extent[axis] = p->reduce[axis] ? 1 : p->extent[axis];
        summed->extent[axis] = p->reduce[axis] ? p->extent[axis] : 1;
        kept->stride[axis] = summed->stride[axis] = stride;
        stride *= p->extent[axis];
    }
}

void ek_mean_s16__ref(const ek_mean_s8_t *p, const int16_t *input, int16_t *output)
{
    loops_t kept, summed;
    split_axes(p, &kept, &summed);
    const int32_t *n = kept.extent, *stride = kept.stride;
    const int32_t elements = count(&summed);
    assert(elements > 0 && elements <= INT32_C(1) << 16); /* the sum fits in an int32 */
    (void)elements;
    for (int32_t a = 0; a < n[0]; a++) {
        for (int32_t b = 0; b < n[1]; b++) {
            for (int32_t c = 0; c < n[2]; c++) {
                const int16_t *x = input + a * stride[0] + b * stride[1] + c * stride[2];
                for (int32_t d = 0; d < n[3]; d++) {
                    *output++ = ek_requant_s16(sum(&summed, x + d * stride[3]), p->q, INT16_MIN,
                                               INT16_MAX);
                }
            }
        }
    }
}
