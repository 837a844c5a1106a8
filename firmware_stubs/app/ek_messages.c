/* ek_messages.c - see ek_messages.h; payloads are stated in ek_protocol.h. */
#include "ek_messages.h"

#include <string.h>

#include "ek_frames.h"
#include "ek_port.h"
#include "ek_protocol.h"
#include "ek_session.h"
#include "ek_text.h"

uint32_t ek_request_u16(const uint8_t *at) { return (uint32_t)(at[0] | at[1] << 8); }
uint32_t ek_request_u32(const uint8_t *at) { return ek_request_u16(at) | ek_request_u16(at + 2) << 16; }

static void put_u16(ek_reply_t *reply, uint32_t value)
{
    reply->data[reply->count++] = (uint8_t)value;
    reply->data[reply->count++] = (uint8_t)(value >> 8);
}

static void put_u32(ek_reply_t *reply, uint32_t value)
{
    put_u16(reply, value);
    put_u16(reply, value >> 16);
}

void ek_reply_u64(ek_reply_t *reply, uint64_t value)
{
    put_u32(reply, (uint32_t)value);
    put_u32(reply, (uint32_t)(value >> 32));
}

/* Text that does not fit is cut: a reply is never longer than a frame. */
static void put_text(ek_reply_t *reply, const char *text)
{
    uint32_t length = (uint32_t)strlen(text), room = EK_FRAME_BYTES - reply->count;
    if (length > room) length = room;
    memcpy(reply->data + reply->count, text, length);
    reply->count += length;
}

void ek_reply_pair(ek_reply_t *reply, const char *key, const char *value)
{
    put_text(reply, key);
    put_text(reply, "=");
    put_text(reply, value);
    put_text(reply, "\n");
}

void ek_reply_number(ek_reply_t *reply, const char *key, uint64_t value)
{
    char text[21];
    text[ek_format_u64(text, value)] = 0;
    ek_reply_pair(reply, key, text);
}

static uint8_t info(ek_span_t request, ek_reply_t *reply)
{
    (void)request;
    ek_port_info_t port;
    ek_port_info(&port);
    ek_reply_number(reply, "protocol", EK_PROTOCOL_VERSION);
    ek_reply_pair(reply, "build", EK_BUILD_ID);
    ek_reply_pair(reply, "model", EK_MODEL.name);
    ek_reply_pair(reply, "hash", EK_MODEL.hash);
    ek_reply_pair(reply, "id", EK_MODEL_ID);
    ek_reply_pair(reply, "isa", EK_ISA);
    ek_reply_pair(reply, "board", port.board);
    ek_reply_pair(reply, "counter", port.counter);
    ek_reply_number(reply, "counter_hz", port.counter_hz);
    ek_reply_number(reply, "baud", port.baud);
    ek_reply_number(reply, "arena", EK_ARENA_BYTES);
    ek_reply_number(reply, "input", EK_INPUT_BYTES);
    ek_reply_number(reply, "output", ek_session_output_bytes());
    ek_reply_number(reply, "steps", EK_MODEL.steps);
    ek_reply_number(reply, "frame", EK_FRAME_BYTES);
    ek_reply_number(reply, "empty", ek_session.empty);
    if (EK_RESET) ek_reply_number(reply, "startup", ek_session.startup);
    return 0;
}

static uint8_t write_input(ek_span_t request, ek_reply_t *reply)
{
    (void)reply;
    uint32_t offset = ek_request_u32(request.data), count = request.count - 4;
    if (count > EK_INPUT_BYTES || offset > EK_INPUT_BYTES - count) return EK_ERR_RANGE;
    memcpy(ek_session_buffer(EK_HELD_TENSOR) + offset, request.data + 4, count);
    return 0;
}

static uint8_t commit(ek_span_t request, ek_reply_t *reply)
{
    (void)reply;
    uint8_t *buffer = ek_session_buffer(EK_HELD_TENSOR);
    ek_session.committed = ek_crc32(0, buffer, EK_INPUT_BYTES) == ek_request_u32(request.data);
    return ek_session.committed ? 0 : EK_ERR_INPUT;
}

static uint8_t run(ek_span_t request, ek_reply_t *reply)
{
    uint32_t n = ek_request_u32(request.data);
    if (!ek_session.committed) return EK_ERR_NO_INPUT;
    if (n == 0) return EK_ERR_RANGE;
    ek_session_warm_up(ek_request_u32(request.data + 4));
    ek_window_t window = ek_session_run(n);
    ek_reply_u64(reply, window.end - window.start);
    ek_reply_u64(reply, ek_session.empty);
    return 0;
}

static uint8_t follow(ek_span_t request, ek_reply_t *reply)
{
    (void)reply;
    if (!ek_session.committed) return EK_ERR_NO_INPUT;
    return ek_session_follow(ek_request_u32(request.data)) ? 0 : EK_ERR_RANGE;
}

static uint8_t read_output(ek_span_t request, ek_reply_t *reply)
{
    uint32_t offset = ek_request_u32(request.data), count = ek_request_u16(request.data + 4);
    uint32_t total = ek_session_output_bytes();
    if (count > EK_FRAME_BYTES || count > total || offset > total - count) return EK_ERR_RANGE;
    ek_session_read_output(offset, count, reply->data);
    reply->count = count;
    return 0;
}

static uint8_t profile(ek_span_t request, ek_reply_t *reply)
{
    (void)request;
    if (!ek_session.committed) return EK_ERR_NO_INPUT;
    if (!ek_session_profile()) return EK_ERR_NO_PROFILE;
    put_u16(reply, EK_MODEL.steps);
    ek_reply_u64(reply, ek_session.empty_step);
    return 0;
}

static uint8_t steps(ek_span_t request, ek_reply_t *reply)
{
    uint32_t first = ek_request_u16(request.data), count = ek_request_u16(request.data + 2);
    uint32_t total = EK_MODEL.steps < EK_MAX_STEPS ? EK_MODEL.steps : EK_MAX_STEPS;
    if (count > EK_FRAME_BYTES / 8 || count > total || first > total - count) return EK_ERR_RANGE;
    for (uint32_t i = 0; i < count; i++) ek_reply_u64(reply, ek_session.step[first + i]);
    return 0;
}

static uint8_t step(ek_span_t request, ek_reply_t *reply)
{
    uint32_t index = ek_request_u16(request.data);
    if (index >= EK_MODEL.steps) return EK_ERR_RANGE;
    const ek_step_t *at = &EK_MODEL.step[index];
    uint32_t bytes = 4 + (uint32_t)(strlen(at->name) + strlen(at->operation)) + 2;
    if (bytes > EK_FRAME_BYTES) return EK_ERR_RANGE;
    put_u32(reply, at->macs);
    put_text(reply, at->name);
    reply->data[reply->count++] = 0;
    put_text(reply, at->operation);
    reply->data[reply->count++] = 0;
    return 0;
}

static void put_of_block(ek_reply_t *reply, const char *key, uint32_t block, uint32_t value)
{
    put_text(reply, key);
    ek_reply_number(reply, ek_arena_memory(block), value);
}

/* Of several blocks, each by the name of its memory. */
static void put_blocks(ek_reply_t *reply)
{
    for (uint32_t i = 0; i < ek_arena_count() && ek_arena_count() > 1; i++) {
        put_of_block(reply, "arena.", i, ek_arena_bytes(i));
        put_of_block(reply, "arena_used.", i, ek_arena_used(i));
    }
}

static uint8_t memory(ek_span_t request, ek_reply_t *reply)
{
    (void)request;
    ek_port_info_t port;
    if (!ek_session.committed) return EK_ERR_NO_INPUT;
    uint32_t used = ek_session_arena_used();
    ek_port_info(&port);
    ek_reply_number(reply, "arena", EK_ARENA_BYTES);
    ek_reply_number(reply, "arena_used", used);
    put_blocks(reply);
    ek_reply_number(reply, "input_buffer", EK_DB_BYTES);
    ek_reply_number(reply, "stack", port.stack_bytes);
    ek_reply_number(reply, "stack_used", port.stack_used);
    ek_reply_number(reply, "guard", ek_session_guard());
    return 0;
}

static uint32_t output_crc(void)
{
    uint32_t crc = 0;
    for (uint32_t i = 0; i < EK_MODEL.outputs; i++)
        crc = ek_crc32(crc, ek_arena_output(i), EK_MODEL.output[i].bytes);
    return crc;
}

static uint8_t self_test(ek_span_t request, ek_reply_t *reply)
{
    if (!ek_session.committed) return EK_ERR_NO_INPUT;
    ek_session_warm_up(1);
    uint32_t found = output_crc();
    reply->data[reply->count++] = found == ek_request_u32(request.data);
    put_u32(reply, found);
    reply->data[reply->count++] = ek_session_guard();
    return 0;
}

#define ANY 0xFFFF

static const struct {
    uint8_t type;
    uint16_t least, most; /* payload bytes */
    uint8_t (*run)(ek_span_t request, ek_reply_t *reply);
} messages[] = {
    {EK_MSG_INFO, 0, 0, info},         {EK_MSG_WRITE, 4, ANY, write_input},
    {EK_MSG_COMMIT, 4, 4, commit},     {EK_MSG_RUN, 8, 8, run},
    {EK_MSG_READ, 6, 6, read_output},  {EK_MSG_PROFILE, 0, 0, profile},
    {EK_MSG_STEPS, 4, 4, steps},       {EK_MSG_STEP, 2, 2, step},
    {EK_MSG_MEMORY, 0, 0, memory},     {EK_MSG_SELFTEST, 4, 4, self_test},
    {EK_MSG_FOLLOW, 4, 4, follow},
};

uint8_t ek_messages_run(uint8_t type, ek_span_t request, ek_reply_t *reply)
{
    for (uint32_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i].type != type) continue;
        if (request.count < messages[i].least || request.count > messages[i].most)
            return EK_ERR_LENGTH;
        reply->count = 0;
        return messages[i].run(request, reply);
    }
    reply->count = 0;
    const uint8_t status = ek_camera_run(type, request, reply);
    return status == EK_ERR_TYPE ? ek_hosted_run(type, request, reply) : status;
}
