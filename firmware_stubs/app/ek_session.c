/* ek_session.c - see ek_session.h. */
#include "ek_session.h"

#include <string.h>

#include "ek_port.h"
#include "ek_protocol.h"

ek_session_t ek_session;
_Alignas(16) uint8_t ek_db[EK_DB_BYTES];

#if EK_LOAD == EK_LOAD_F32
static uint8_t staged[EK_INPUT_BYTES]; /* the floats stay in db: the score is made from them */
#endif

static void do_nothing(ek_arena_ref_t arena) { (void)arena; }

/* Tensor bytes to copy into the arena. */
static const uint8_t *source(void)
{
#if EK_LOAD == EK_LOAD_F32
    if (ek_session.held == EK_HELD_HOST) return staged;
#endif
    return ek_db;
}

static void fill_inputs(void)
{
    const uint8_t *from = source();
    for (uint32_t i = 0; i < EK_MODEL.inputs; i++) {
        memcpy(ek_arena_input(i), from, EK_MODEL.input[i].bytes);
        from += EK_MODEL.input[i].bytes;
    }
}

static void reset(void)
{
    if (EK_RESET) EK_RESET(EK_ARENA);
    ek_session.row = 0;
}

/* Every command starts with fresh states; its inferences follow one another. */
static void begin(void)
{
    reset();
    fill_inputs();
}

/* The pointer is volatile so that the compiler keeps one call sequence for the model and for
 * the empty function: their difference is then the model alone. */
static ek_window_t timed(uint32_t n, void (*volatile invoke)(ek_arena_ref_t))
{
    ek_window_t window;
    window.start = ek_port_cycles();
    invoke(EK_ARENA);
    for (uint32_t i = 1; i < n; i++) {
        fill_inputs();
        invoke(EK_ARENA);
    }
    window.end = ek_port_cycles();
    return window;
}

const char *ek_session_init(void)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < EK_MODEL.inputs; i++) bytes += EK_MODEL.input[i].bytes;
    if (bytes != EK_INPUT_BYTES) return "EK_INPUT_BYTES differs from the model's inputs";
    const char *fault = ek_arena_init();
    if (fault) return fault;
    ek_window_t window = timed(1, do_nothing);
    window = timed(1, do_nothing); /* the second: caches and flash buffers are warm */
    ek_session.empty = window.end - window.start;
    if (EK_RESET) window = timed(1, EK_RESET);
    ek_session.startup = window.end - window.start;
    return 0;
}

/* uint8 to int8 is flipping the top bit, and its own inverse: no second buffer is needed. */
static void flip(void)
{
    for (uint32_t i = 0; i < EK_INPUT_BYTES; i++) ek_db[i] ^= 0x80;
}

uint8_t *ek_session_buffer(ek_held_t kind)
{
    if (ek_session.held == EK_HELD_SHIFTED) flip();
    ek_session.held = kind;
    ek_session.committed = false;
    return ek_db;
}

#if EK_LOAD == EK_LOAD_F32
static int8_t quantize(float value, const ek_tensor_t *tensor)
{
    float steps = value / tensor->scale;
    steps += steps < 0 ? -0.5f : 0.5f; /* half away from zero, with the truncation below */
    if (!(steps > -512.0f)) return -128; /* also not-a-number */
    if (steps > 512.0f) return 127;
    int32_t q = (int32_t)steps + tensor->zero_point;
    return (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
}

void ek_session_stage(void)
{
    const ek_tensor_t *tensor = &EK_MODEL.input[0];
    if (ek_session.held != EK_HELD_HOST) return;
    for (uint32_t i = 0; i < tensor->bytes; i++) {
        float value;
        memcpy(&value, ek_db + 4 * i, 4);
        staged[i] = (uint8_t)quantize(value, tensor);
    }
}
#else
void ek_session_stage(void)
{
    if (EK_LOAD != EK_LOAD_U8 || ek_session.held != EK_HELD_HOST) return;
    flip();
    ek_session.held = EK_HELD_SHIFTED;
}
#endif

void ek_session_warm_up(uint32_t n)
{
    reset();
    for (uint32_t i = 0; i < n; i++) {
        fill_inputs();
        EK_INVOKE(EK_ARENA);
    }
}

ek_window_t ek_session_run(uint32_t n)
{
    begin();
    ek_port_trigger(false);
    ek_window_t window = timed(n, EK_INVOKE);
    ek_port_trigger(true);
    return window;
}

void ek_session_sample(uint32_t n, uint64_t *ticks)
{
    begin();
    for (uint32_t i = 0; i < n; i++) {
        fill_inputs();
        ek_window_t window = timed(1, EK_INVOKE);
        ticks[i] = window.end - window.start;
    }
}

void ek_session_run_quietly(uint32_t n)
{
    begin();
    (void)timed(n, EK_INVOKE);
}

bool ek_session_follow(uint32_t index)
{
    if (index == 0) reset();
    if (index > 0 && ek_session.row > index && ek_session.row - 1 == index) return true;
    if (ek_session.row != index) return false;
    fill_inputs();
    EK_INVOKE(EK_ARENA);
    ek_session.row = index + 1;
    return true;
}

#ifdef EK_PROFILE
void (*ek_profile_hook)(uint32_t step);
static uint64_t last_reading, last_ticks;

/* Read twice: the bookkeeping between the two readings belongs to no step. A step in stripes comes
 * once a stripe, of which the host takes one empty step away and this the others. */
static void record_step(uint32_t step)
{
    last_ticks = ek_port_cycles() - last_reading;
    if (ek_session.step[step]) last_ticks -= ek_session.empty_step;
    ek_session.step[step] += last_ticks;
    last_reading = ek_port_cycles();
}

static void measure_empty_step(void)
{
    ek_session.empty_step = 0;
    last_reading = ek_port_cycles();
    EK_STEP_DONE(0);
    EK_STEP_DONE(0);
    ek_session.empty_step = last_ticks;
    memset(ek_session.step, 0, sizeof ek_session.step);
}

bool ek_session_profile(void)
{
    if (EK_MODEL.steps > EK_MAX_STEPS) return false;
    ek_profile_hook = record_step;
    measure_empty_step();
    begin();
    last_reading = ek_port_cycles();
    EK_INVOKE(EK_ARENA);
    ek_profile_hook = 0;
    return true;
}
#else
bool ek_session_profile(void) { return false; }
#endif

uint32_t ek_session_arena_used(void)
{
    uint32_t used = 0;
    ek_arena_paint();
    ek_session_warm_up(1);
    for (uint32_t i = 0; i < ek_arena_count(); i++) used += ek_arena_used(i);
    return used;
}

uint8_t ek_session_guard(void)
{
    ek_port_info_t port;
    uint8_t found = ek_arena_guard();
    ek_port_info(&port);
    if (port.stack_bytes > 0 && port.stack_used >= port.stack_bytes) found |= EK_GUARD_STACK;
    return found;
}

uint32_t ek_session_output_bytes(void)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < EK_MODEL.outputs; i++) total += EK_MODEL.output[i].bytes;
    return total;
}

void ek_session_read_output(uint32_t offset, uint32_t count, uint8_t *to)
{
    for (uint32_t i = 0; i < EK_MODEL.outputs && count > 0; i++) {
        const ek_tensor_t *tensor = &EK_MODEL.output[i];
        if (offset >= tensor->bytes) {
            offset -= tensor->bytes;
            continue;
        }
        uint32_t here = tensor->bytes - offset < count ? tensor->bytes - offset : count;
        memcpy(to, ek_arena_output(i) + offset, here);
        to += here;
        count -= here;
        offset = 0;
    }
}

static uint32_t width(ek_dtype_t dtype)
{
    return dtype == EK_F32 || dtype == EK_S32 ? 4 : dtype == EK_S16 ? 2 : 1;
}

static float value_at(const ek_tensor_t *tensor, const uint8_t *data, uint32_t index)
{
    const uint8_t *at = data + index * width(tensor->dtype);
    float scale = tensor->scale == 0.0f ? 1.0f : tensor->scale;
    float real;
    int32_t whole = 0;
    int16_t half;
    switch (tensor->dtype) {
    case EK_F32: memcpy(&real, at, 4); return real;
    case EK_S32: memcpy(&whole, at, 4); break;
    case EK_S16: memcpy(&half, at, 2); whole = half; break;
    case EK_U8: whole = *at; break;
    case EK_S8: whole = (int8_t)*at; break;
    }
    return (float)(whole - tensor->zero_point) * scale;
}

uint32_t ek_session_output_count(void)
{
    return EK_MODEL.output[0].bytes / width(EK_MODEL.output[0].dtype);
}

float ek_session_output_value(uint32_t index)
{
    const ek_tensor_t *tensor = &EK_MODEL.output[0];
    return value_at(tensor, ek_arena_output(0), index);
}

float ek_session_output_mse(void)
{
    uint32_t inputs = EK_MODEL.input[0].bytes / width(EK_MODEL.input[0].dtype);
    uint32_t outputs = ek_session_output_count();
    uint32_t count = inputs < outputs ? inputs : outputs;
    float sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        float input;
        if (EK_LOAD == EK_LOAD_F32 && ek_session.held == EK_HELD_HOST)
            memcpy(&input, ek_db + 4 * i, 4);
        else
            input = value_at(&EK_MODEL.input[0], source(), i);
        float error = ek_session_output_value(i) - input;
        sum += error * error;
    }
    return sum / (float)count;
}
