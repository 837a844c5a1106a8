/* tiny.c - x is inverted in place (so a second run needs a fresh input), then y = W x / 16. */
#include "tiny.h"

static const ek_tensor_t inputs[] = {
    {.name = "x", .bytes = 8, .offset = 0, .dtype = EK_S8, .scale = 0.5f, .zero_point = 3},
};
static const ek_tensor_t outputs[] = {
    {.name = "y", .bytes = 4, .offset = 16, .dtype = EK_S8, .scale = 0.00390625f, .zero_point = -128},
};
static const ek_step_t steps[] = {
    {.name = "invert", .operation = "NEG", .macs = 0},
    {.name = "scores", .operation = "FULLY_CONNECTED", .macs = 32},
};

static void invoke(uint8_t *arena)
{
    int8_t *const x = (int8_t *)arena;
    int8_t *const y = (int8_t *)(arena + 16);

    for (int i = 0; i < 8; i++) x[i] = (int8_t)~x[i];
    EK_STEP_DONE(0);
    tiny_dense(x, tiny_scores_w, y);
    EK_STEP_DONE(1);
}

const ek_model_t tiny_model = {
    .name = "tiny",
    .hash = "0123456789abcdef",
    .arena_bytes = 32,
    .inputs = 1,
    .outputs = 1,
    .steps = 2,
    .input = inputs,
    .output = outputs,
    .step = steps,
    .invoke = invoke,
};
