/* posix.c - the port to a host: standard input and output are the line.
 *
 * What is sent is kept until a line of text ends or the application waits, so that a frame is one
 * packet on its way. Trigger records ("F<ticks>" as a window starts, "R<ticks>" as it ends) go to
 * the file descriptor named by EK_TRIGGER_FD, if there is one; a tick is a nanosecond.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ek_port.h"
#include "ek_text.h"

#ifdef CLOCK_MONOTONIC_RAW /* no time server stretches its seconds */
#define CLOCK CLOCK_MONOTONIC_RAW
#else
#define CLOCK CLOCK_MONOTONIC
#endif

static int trigger_fd = -1;
static bool trigger_high = true;
static uint64_t fell_at;
static uint8_t waiting[4096];
static int waiting_count;

static void write_all(int fd, const uint8_t *data, int size)
{
    while (size > 0) {
        ssize_t count = write(fd, data, (size_t)size);
        if (count < 0 && errno != EINTR) _exit(1); /* the reader is gone */
        if (count > 0) {
            data += count;
            size -= (int)count;
        }
    }
}

static void flush(void)
{
    write_all(1, waiting, waiting_count);
    waiting_count = 0;
}

void ek_port_init(void)
{
    const char *fd = getenv("EK_TRIGGER_FD");
    if (fd) trigger_fd = atoi(fd);
    signal(SIGPIPE, SIG_IGN);
    atexit(flush);
}

static bool readable(int milliseconds)
{
    struct pollfd line = {0, POLLIN, 0};
    return poll(&line, 1, milliseconds) > 0;
}

int ek_port_read(uint8_t *data, int size)
{
    flush();
    if (!readable(0)) return 0;
    ssize_t count = read(0, data, (size_t)size);
    if (count > 0) return (int)count;
    return count < 0 && errno == EINTR ? 0 : -1;
}

void ek_port_write(const uint8_t *data, int size)
{
    bool line_ends = size > 0 && data[size - 1] == '\n';
    if (waiting_count + size > (int)sizeof waiting) flush();
    if (size > (int)sizeof waiting) {
        write_all(1, data, size);
        return;
    }
    memcpy(waiting + waiting_count, data, (size_t)size);
    waiting_count += size;
    if (line_ends) flush();
}

uint64_t ek_port_cycles(void)
{
    struct timespec now;
    clock_gettime(CLOCK, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void record(char edge, uint64_t ticks)
{
    char text[22];
    text[0] = edge;
    int length = 1 + ek_format_u64(text + 1, ticks);
    text[length++] = '\n';
    write_all(trigger_fd, (const uint8_t *)text, length);
}

void ek_port_trigger(bool high)
{
    if (!high) flush(); /* nothing is sent inside a window */
    uint64_t now = ek_port_cycles();
    bool rose = high && !trigger_high;
    trigger_high = high;
    if (!high) fell_at = now;
    if (!rose || trigger_fd < 0) return;
    record('F', fell_at); /* both after the window: formatting would be inside otherwise */
    record('R', now);
}

void ek_port_sleep(void) { readable(-1); }

void ek_port_info(ek_port_info_t *info)
{
    *info = (ek_port_info_t){.board = "posix", .counter = "time", .counter_hz = 1000000000u};
}
