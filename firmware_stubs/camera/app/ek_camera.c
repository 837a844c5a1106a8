/* ek_camera.c - see ek_camera.h. */
#include "ek_camera.h"

#include "ek_camera_plan.h"
#include "ek_port.h"
#include "ek_session.h"

enum {
    COLUMNS = (EK_CAMERA_PLAN_OUT_WIDTH + EK_GATE_BLOCK - 1) / EK_GATE_BLOCK,
    ROWS = (EK_CAMERA_PLAN_OUT_HEIGHT + EK_GATE_BLOCK - 1) / EK_GATE_BLOCK
};

_Static_assert(EK_CAMERA_PLAN_INPUT_BYTES == EK_INPUT_BYTES, "the plan is of another model");

static uint8_t pixels[EK_CAMERA_PLAN_PIXELS_BYTES];
static uint8_t kept[EK_CAMERA_PLAN_KEPT_BYTES];
static uint8_t mixed[EK_CAMERA_PLAN_MIXED_BYTES];
static uint32_t lanes[EK_CAMERA_PLAN_LANES_BYTES / sizeof(uint32_t)];
static uint16_t now[COLUMNS * ROWS], reference[COLUMNS * ROWS];

static ek_gate_t gate = {
    .setting = EK_CAMERA_PLAN_GATE,
    .width = EK_CAMERA_PLAN_OUT_WIDTH,
    .height = EK_CAMERA_PLAN_OUT_HEIGHT,
    .channels = EK_CAMERA_PLAN_CHANNELS,
    .now = now,
    .reference = reference,
};

void ek_camera_set_gate(const ek_gate_setting_t *setting)
{
    gate.setting = *setting;
    ek_gate_reset(&gate);
}

static void convert(uint8_t *input)
{
    const ek_frame_work_t work = {pixels, kept, mixed, lanes};
    ek_gate_begin(&gate);
    ek_frame_convert(&ek_camera_plan, &work, ek_camera_row, 0, ek_gate_row, &gate, input);
}

ek_capture_t ek_camera_capture(bool gated)
{
    ek_capture_t capture = {.ran = true};
    uint8_t *input = ek_session_buffer(EK_HELD_TENSOR);
    const uint64_t start = ek_port_cycles();
    capture.fault = ek_camera_begin();
    if (capture.fault) return capture;
    const uint64_t there = ek_port_cycles();
    convert(input);
    const bool wanted = ek_gate_decide(&gate);
    capture.convert = ek_port_cycles() - there;
    capture.take = there - start;
    capture.changed = gate.changed;
    capture.ran = wanted || !gated;
    ek_session.committed = true;
    if (capture.ran) {
        const ek_window_t window = ek_session_run(1);
        capture.infer = window.end - window.start;
    }
    return capture;
}
