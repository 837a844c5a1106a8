/* ek_camera_messages.c - the requests about a camera; payloads are stated in ek_protocol.h. */
#include <string.h>

#include "ek_camera.h"
#include "ek_camera_plan.h"
#include "ek_frames.h"
#include "ek_messages.h"
#include "ek_session.h"

static const char *fault; /* of the last capture */

static void about_gate(ek_reply_t *reply)
{
    static const ek_gate_setting_t gate = EK_CAMERA_PLAN_GATE;
    ek_reply_number(reply, "gated", EK_CAMERA_PLAN_GATED);
    ek_reply_number(reply, "enter", gate.enter);
    ek_reply_number(reply, "leave", gate.leave);
    ek_reply_number(reply, "blocks", gate.blocks);
    ek_reply_number(reply, "hold", gate.hold);
    ek_reply_number(reply, "refresh", gate.refresh);
}

static uint8_t about(ek_span_t request, ek_reply_t *reply)
{
    (void)request;
    ek_reply_pair(reply, "camera", ek_camera_name);
    ek_reply_pair(reply, "fault", fault ? fault : "");
    ek_reply_pair(reply, "format", EK_CAMERA_PLAN_FORMAT);
    ek_reply_number(reply, "width", EK_CAMERA_PLAN_WIDTH);
    ek_reply_number(reply, "height", EK_CAMERA_PLAN_HEIGHT);
    ek_reply_pair(reply, "region", EK_CAMERA_PLAN_REGION);
    ek_reply_pair(reply, "resample", EK_CAMERA_PLAN_RESAMPLE);
    ek_reply_number(reply, "bytes", EK_CAMERA_PLAN_FRAME_BYTES);
    ek_reply_number(reply, "work",
                    EK_CAMERA_PLAN_PIXELS_BYTES + EK_CAMERA_PLAN_KEPT_BYTES +
                        EK_CAMERA_PLAN_MIXED_BYTES + EK_CAMERA_PLAN_LANES_BYTES);
    about_gate(reply);
    return 0;
}

static uint8_t write_frame(ek_span_t request, ek_reply_t *reply)
{
    (void)reply;
    uint8_t *memory = ek_camera_frame_memory();
    const uint32_t offset = ek_request_u32(request.data), count = request.count - 4;
    if (!memory || count > EK_CAMERA_PLAN_FRAME_BYTES ||
        offset > EK_CAMERA_PLAN_FRAME_BYTES - count)
        return EK_ERR_RANGE;
    memcpy(memory + offset, request.data + 4, count);
    return 0;
}

static uint8_t set_gate(ek_span_t request, ek_reply_t *reply)
{
    (void)reply;
    const uint8_t *at = request.data;
    const ek_gate_setting_t setting = {
        .enter = (uint16_t)ek_request_u16(at),
        .leave = (uint16_t)ek_request_u16(at + 2),
        .blocks = (uint16_t)ek_request_u16(at + 4),
        .hold = (uint16_t)ek_request_u16(at + 6),
        .refresh = (uint16_t)ek_request_u16(at + 8),
    };
    if (setting.leave > setting.enter || setting.blocks == 0) return EK_ERR_RANGE;
    ek_camera_set_gate(&setting);
    return 0;
}

static uint8_t capture(ek_span_t request, ek_reply_t *reply)
{
    const ek_capture_t taken = ek_camera_capture(request.data[0] != 0);
    const uint8_t *input = ek_session_buffer(EK_HELD_TENSOR);
    fault = taken.fault;
    if (fault) return EK_ERR_CAMERA;
    ek_reply_u64(reply, taken.ran);
    ek_reply_u64(reply, taken.changed);
    ek_reply_u64(reply, ek_crc32(0, input, EK_INPUT_BYTES));
    ek_reply_u64(reply, taken.take);
    ek_reply_u64(reply, taken.convert);
    ek_reply_u64(reply, taken.infer);
    ek_reply_u64(reply, ek_session.empty);
    return 0;
}

/* Of a frame that was not taken, or is kept nowhere, nothing can be told. */
static const uint8_t *last_frame(void) { return fault ? 0 : ek_camera_kept(); }

static uint8_t show(ek_span_t request, ek_reply_t *reply)
{
    (void)request;
    const uint8_t *frame = last_frame();
    if (!frame) return EK_ERR_RANGE;
    ek_reply_u64(reply, EK_CAMERA_PLAN_FRAME_BYTES);
    ek_reply_u64(reply, ek_crc32(0, frame, EK_CAMERA_PLAN_FRAME_BYTES));
    return 0;
}

static uint8_t read_frame(ek_span_t request, ek_reply_t *reply)
{
    const uint8_t *frame = last_frame();
    const uint32_t offset = ek_request_u32(request.data), count = ek_request_u16(request.data + 4);
    if (!frame || count > EK_FRAME_BYTES || count > EK_CAMERA_PLAN_FRAME_BYTES ||
        offset > EK_CAMERA_PLAN_FRAME_BYTES - count)
        return EK_ERR_RANGE;
    memcpy(reply->data, frame + offset, count);
    reply->count = count;
    return 0;
}

uint8_t ek_camera_run(uint8_t type, ek_span_t request, ek_reply_t *reply)
{
    static const struct {
        uint8_t type;
        uint16_t least, most; /* payload bytes */
        uint8_t (*run)(ek_span_t request, ek_reply_t *reply);
    } messages[] = {
        {EK_MSG_CAMERA, 0, 0, about},
        {EK_MSG_FRAME, 4, 0xFFFF, write_frame},
        {EK_MSG_GATE, 10, 10, set_gate},
        {EK_MSG_CAPTURE, 1, 1, capture},
        {EK_MSG_SHOW, 0, 0, show},
        {EK_MSG_PIXELS, 6, 6, read_frame},
    };
    for (uint32_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i].type != type) continue;
        if (request.count < messages[i].least || request.count > messages[i].most)
            return EK_ERR_LENGTH;
        return messages[i].run(request, reply);
    }
    return EK_ERR_TYPE;
}
