/* bare_main.c - the smallest program there is around a model: start-up, arena, input, inference.
 *
 * benchmarks/bare.py builds it to measure what the engine takes when nothing else is there. It
 * corresponds to the programs that the figures of baselines.toml were measured in.
 */
#include <stdint.h>
#include <string.h>

#include "bare_model.h"

extern uint32_t ek_stack_high[];
extern uint32_t ek_data_start[], ek_data_end[], ek_data_image[], ek_bss_start[], ek_bss_end[];

_Noreturn void ek_reset(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*reset)(void);
} vectors = {ek_stack_high, ek_reset};

static _Alignas(16) uint8_t arena[MODEL_ARENA_SIZE];
volatile int32_t result;

static int32_t infer(void)
{
    uint32_t random = 12345;
    int32_t sum = 0;
    if (MODEL_INIT(arena, sizeof arena) != EK_OK) return -1;
    int8_t *const input = MODEL_INPUT(arena);
    for (int32_t i = 0; i < MODEL_INPUT_SIZE; i++) {
        random = random * 1664525u + 1013904223u;
        input[i] = (int8_t)(random >> 24);
    }
    MODEL_INVOKE(arena);
    const int8_t *const output = MODEL_OUTPUT(arena);
    for (int32_t i = 0; i < MODEL_OUTPUT_SIZE; i++) sum += output[i];
    return sum;
}

_Noreturn void ek_reset(void)
{
#ifdef __ARM_FP /* floating point and Helium: full access to CP10 and CP11 */
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm volatile("dsb\n\tisb" ::: "memory");
#endif
    memcpy(ek_data_start, ek_data_image, (size_t)(ek_data_end - ek_data_start) * 4);
    memset(ek_bss_start, 0, (size_t)(ek_bss_end - ek_bss_start) * 4);
    result = infer();
    for (;;) {
    }
}
