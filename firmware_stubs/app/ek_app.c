/* ek_app.c - tells commands and frames apart and hands them on. */
#include "ek_app.h"

#include <stdbool.h>
#include <stdint.h>

#include "ek_commands.h"
#include "ek_frames.h"
#include "ek_port.h"
#include "ek_session.h"
#include "ek_text.h"

static char line[EK_COMMAND_CHARS + 1];
static int line_length;

static uint8_t frame[EK_FRAME_ENCODED];
static int frame_length;
static bool in_frame, frame_overflow;

/* Too long a command overwrites its last character, as in the reference. Line ends before a
 * command are dropped, so that a person at a terminal can type. */
static void take_text(uint8_t c)
{
    if (c == '%') {
        line[line_length] = 0;
        line_length = 0;
        ek_commands_run(line);
    } else if (line_length > 0 || (c != '\r' && c != '\n')) {
        if (line_length == EK_COMMAND_CHARS) line_length--;
        line[line_length++] = (char)c;
    }
}

/* Two zero bytes in a row are the end of one frame and the start of the next, or line noise: an
 * empty frame is never answered and leaves a frame open. */
static void end_frame(void)
{
    if (frame_length == 0) return;
    ek_frames_receive(frame, frame_length, frame_overflow);
    in_frame = false;
}

static void start_frame(void)
{
    line_length = 0;
    in_frame = true;
    frame_overflow = false;
    frame_length = 0;
}

static void take(uint8_t c)
{
    if (c == 0 && !ek_commands_frames_on()) return;
    if (c == 0 && in_frame) end_frame();
    else if (c == 0) start_frame();
    else if (!in_frame) take_text(c);
    else if (frame_length < (int)sizeof frame) frame[frame_length++] = c;
    else frame_overflow = true;
}

void ek_app_serve(void)
{
    uint8_t bytes[64];
    int count;
    const char *fault = ek_session_init();
    if (fault) {
        ek_put("e-[");
        ek_put(fault);
        ek_put("]\r\n");
        return;
    }
    ek_commands_greet();
    ek_put("m-init-done\r\nm-ready\r\n");
    while ((count = ek_port_read(bytes, sizeof bytes)) >= 0) {
        for (int i = 0; i < count; i++) take(bytes[i]);
        if (count == 0) ek_port_sleep();
    }
}
