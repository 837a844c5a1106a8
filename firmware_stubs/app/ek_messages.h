/* ek_messages.h - the requests of the binary extension, as a table of handlers. */
#ifndef EK_MESSAGES_H
#define EK_MESSAGES_H

#include <stdint.h>

typedef struct {
    const uint8_t *data;
    uint32_t count;
} ek_span_t;

typedef struct {
    uint8_t *data; /* room for EK_FRAME_BYTES */
    uint32_t count;
} ek_reply_t;

/* Runs the request and fills in the reply: 0, or one of EK_ERR_*. */
uint8_t ek_messages_run(uint8_t type, ek_span_t request, ek_reply_t *reply);

#endif
