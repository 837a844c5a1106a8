/* counted_loop.c - a model that executes exactly 2,000,001 instructions and its return, to hold
 * the instruction counter against: one to load the count, then two a turn. */
#include "ek_model.h"

__attribute__((naked, aligned(8))) static void invoke(uint8_t *arena)
{
    (void)arena;
    __asm volatile(
        ".syntax unified\n\t"
        "ldr r0, =1000000\n"
        "1:\n\t"
        "subs r0, #1\n\t"
        "bne 1b\n\t"
        "bx lr\n\t"
        ".ltorg\n\t");
}

static const ek_tensor_t tensors[] = {{.name = "x", .bytes = 4, .dtype = EK_S8, .scale = 1.0f}};
static const ek_step_t steps[] = {{.name = "loop", .operation = "CUSTOM", .macs = 0}};
extern const ek_model_t counted_loop_model;
const ek_model_t counted_loop_model = {
    .name = "counted_loop",
    .hash = "fedcba9876543210",
    .arena_bytes = 16,
    .inputs = 1,
    .outputs = 1,
    .steps = 1,
    .input = tensors,
    .output = tensors,
    .step = steps,
    .invoke = invoke,
};
