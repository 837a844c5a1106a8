/* ek_messages.h - the requests of the binary extension, as a table of handlers. */
#ifndef EK_MESSAGES_H
#define EK_MESSAGES_H

#include <stdint.h>

#include "ek_protocol.h"

typedef struct {
    const uint8_t *data;
    uint32_t count;
} ek_span_t;

typedef struct {
    uint8_t *data; /* room for EK_FRAME_BYTES */
    uint32_t count;
} ek_reply_t;

/* What a program of an operating system answers besides (runner/ek_hosted.c). */
#ifdef EK_HOSTED
uint8_t ek_hosted_run(uint8_t type, ek_span_t request, ek_reply_t *reply);
#else
static inline uint8_t ek_hosted_run(uint8_t type, ek_span_t request, ek_reply_t *reply)
{
    (void)type, (void)request, (void)reply;
    return EK_ERR_TYPE;
}
#endif

/* What firmware with a camera answers besides (camera/app/ek_camera_messages.c). */
#ifdef EK_CAMERA
uint8_t ek_camera_run(uint8_t type, ek_span_t request, ek_reply_t *reply);
#else
static inline uint8_t ek_camera_run(uint8_t type, ek_span_t request, ek_reply_t *reply)
{
    (void)type, (void)request, (void)reply;
    return EK_ERR_TYPE;
}
#endif

/* Numbers and text at the end of a reply; text that does not fit is cut. */
void ek_reply_u64(ek_reply_t *reply, uint64_t value);
void ek_reply_pair(ek_reply_t *reply, const char *key, const char *value);
void ek_reply_number(ek_reply_t *reply, const char *key, uint64_t value);
uint32_t ek_request_u16(const uint8_t *at);
uint32_t ek_request_u32(const uint8_t *at);

/* Runs the request and fills in the reply: 0, or one of EK_ERR_*. */
uint8_t ek_messages_run(uint8_t type, ek_span_t request, ek_reply_t *reply);

#endif
