/* ek_frames.c - see ek_frames.h and ek_protocol.h. */
#include "ek_frames.h"

#include "ek_messages.h"
#include "ek_port.h"
#include "ek_protocol.h"

uint16_t ek_crc16(const uint8_t *data, uint32_t count)
{
    uint32_t crc = 0xFFFF;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= (uint32_t)data[i] << 8;
        for (int bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return (uint16_t)crc;
}

uint32_t ek_crc32(uint32_t crc, const uint8_t *data, uint32_t count)
{
    crc = ~crc;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

int ek_cobs_decode(uint8_t *data, int count)
{
    int from = 0, to = 0;
    while (from < count) {
        int code = data[from++];
        if (code == 0 || from + code - 1 > count) return -1;
        for (int i = 1; i < code; i++) data[to++] = data[from++];
        if (code < 255 && from < count) data[to++] = 0;
    }
    return to;
}

/* COBS: each block is its length plus one, then bytes up to the next zero, at most 254. */
static void send_encoded(const uint8_t *data, int count)
{
    static const uint8_t zero = 0;
    int from = 0;
    ek_port_write(&zero, 1);
    for (;;) {
        int run = 0;
        while (run < 254 && from + run < count && data[from + run]) run++;
        uint8_t code = (uint8_t)(run + 1);
        ek_port_write(&code, 1);
        ek_port_write(data + from, run);
        from += run;
        if (from >= count) break;
        if (run < 254) from++; /* the zero this block stood for */
    }
    ek_port_write(&zero, 1);
}

static void send(uint8_t type, uint8_t seq, uint8_t *frame, int payload)
{
    frame[0] = type | EK_REPLY;
    frame[1] = seq;
    uint16_t crc = ek_crc16(frame, (uint32_t)payload + 2);
    frame[2 + payload] = (uint8_t)crc;
    frame[3 + payload] = (uint8_t)(crc >> 8);
    send_encoded(frame, payload + EK_FRAME_OVERHEAD);
}

static uint8_t check(uint8_t *frame, int count, bool overflow)
{
    if (overflow) return EK_ERR_LENGTH;
    if (count < EK_FRAME_OVERHEAD) return EK_ERR_CRC;
    uint16_t crc = (uint16_t)(frame[count - 2] | frame[count - 1] << 8);
    return crc == ek_crc16(frame, (uint32_t)count - 2) ? 0 : EK_ERR_CRC;
}

void ek_frames_receive(uint8_t *encoded, int count, bool overflow)
{
    static uint8_t reply[EK_FRAME_BYTES + EK_FRAME_OVERHEAD];
    int decoded = ek_cobs_decode(encoded, count);
    uint8_t seq = decoded >= 2 ? encoded[1] : 0, type = EK_MSG_ERROR;
    uint8_t error = check(encoded, decoded, overflow);
    int payload = 1;
    if (!error) {
        ek_span_t request = {encoded + 2, (uint32_t)(decoded - EK_FRAME_OVERHEAD)};
        ek_reply_t answer = {reply + 2, 0};
        error = ek_messages_run(encoded[0], request, &answer);
        if (!error) {
            type = encoded[0];
            payload = (int)answer.count;
        }
    }
    if (error) reply[2] = error;
    send(type, seq, reply, payload);
}
