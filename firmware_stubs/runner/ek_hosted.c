/* ek_hosted.c - requests that only a program of an operating system answers; see ek_protocol.h. */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ek_config.h"
#include "ek_messages.h"
#include "ek_session.h"

enum { MOST_SAMPLES = 16384, TEXT_BYTES = 8192, VALUE_BYTES = 128 };

static uint64_t kept[MOST_SAMPLES];
static uint32_t kept_count;

static uint8_t sample(ek_span_t request, ek_reply_t *reply)
{
    const uint32_t n = ek_request_u32(request.data);
    if (!ek_session.committed) return EK_ERR_NO_INPUT;
    if (n == 0 || n > MOST_SAMPLES) return EK_ERR_RANGE;
    ek_session_warm_up(ek_request_u32(request.data + 4));
    ek_session_sample(n, kept);
    kept_count = n;
    ek_reply_u64(reply, ek_session.empty);
    return 0;
}

static uint8_t samples(ek_span_t request, ek_reply_t *reply)
{
    const uint32_t first = ek_request_u32(request.data);
    const uint32_t count = (uint32_t)(request.data[4] | request.data[5] << 8);
    if (count > EK_FRAME_BYTES / 8 || count > kept_count || first > kept_count - count)
        return EK_ERR_RANGE;
    for (uint32_t i = 0; i < count; i++) ek_reply_u64(reply, kept[first + i]);
    return 0;
}

/* A file of /proc or /sys as text, "" where there is none. */
static const char *text_of(const char *path)
{
    static char text[TEXT_BYTES];
    int length = 0;
    const int file = open(path, O_RDONLY);
    while (file >= 0 && length < TEXT_BYTES - 1) {
        const ssize_t count = read(file, text + length, (size_t)(TEXT_BYTES - 1 - length));
        if (count <= 0) break;
        length += (int)count;
    }
    if (file >= 0) close(file);
    text[length] = 0;
    return text;
}

/* What stands behind `key` and its colon at the start of a line; "" without such a line. */
static const char *value_of(const char *text, const char *key)
{
    const size_t length = strlen(key);
    while (text) {
        const char *colon = text + length;
        if (strncmp(text, key, length) == 0) {
            while (*colon == ' ' || *colon == '\t') colon++;
            if (*colon == ':') return colon + 1;
        }
        text = strchr(text, '\n');
        if (text) text++;
    }
    return "";
}

/* The first line of a text without blanks in front, where there is any. */
static void put_line(ek_reply_t *reply, const char *key, const char *text)
{
    char line[VALUE_BYTES];
    while (*text == ' ' || *text == '\t') text++;
    size_t length = strcspn(text, "\n");
    if (length >= sizeof line) length = sizeof line - 1;
    memcpy(line, text, length);
    line[length] = 0;
    if (length > 0) ek_reply_pair(reply, key, line);
}

static uint64_t kibibytes(const char *path, const char *key)
{
    uint64_t value = 0;
    const char *digit = value_of(text_of(path), key);
    while (*digit == ' ' || *digit == '\t') digit++;
    for (; *digit >= '0' && *digit <= '9'; digit++) value = value * 10 + (uint64_t)(*digit - '0');
    return value;
}

static void put_system(ek_reply_t *reply)
{
    struct utsname system;
    char os[2 * sizeof system.sysname + 2];
    if (uname(&system) != 0) return;
    strcpy(os, system.sysname);
    strcat(os, " ");
    strncat(os, system.release, sizeof os - strlen(os) - 1);
    ek_reply_pair(reply, "os", os);
    ek_reply_pair(reply, "machine", system.machine);
}

static void put_cpu(ek_reply_t *reply)
{
    const char *info = text_of("/proc/cpuinfo");
    const char *name = value_of(info, "model name");
    put_line(reply, "cpu", *name ? name : value_of(info, "Hardware"));
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores > 0) ek_reply_number(reply, "cores", (uint64_t)cores);
}

/* Files of Linux that tell the state of the machine. */
static const struct {
    const char *key, *path;
} states[] = {
    {"board", "/proc/device-tree/model"},
    {"load_average", "/proc/loadavg"},
    {"governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"},
    {"frequency_khz", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"},
    {"temperature_mc", "/sys/class/thermal/thermal_zone0/temp"},
};

static uint8_t machine(ek_span_t request, ek_reply_t *reply)
{
    (void)request;
    ek_reply_number(reply, "samples", MOST_SAMPLES);
    ek_reply_number(reply, "threads", 1);
    ek_reply_number(reply, "peak_rss", 1024 * kibibytes("/proc/self/status", "VmHWM"));
    ek_reply_number(reply, "memory", 1024 * kibibytes("/proc/meminfo", "MemTotal"));
    put_system(reply);
    put_cpu(reply);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        put_line(reply, states[i].key, text_of(states[i].path));
    return 0;
}

static const struct {
    uint8_t type;
    uint8_t bytes; /* of the payload */
    uint8_t (*run)(ek_span_t request, ek_reply_t *reply);
} messages[] = {
    {EK_MSG_SAMPLE, 8, sample},
    {EK_MSG_SAMPLES, 6, samples},
    {EK_MSG_MACHINE, 0, machine},
};

uint8_t ek_hosted_run(uint8_t type, ek_span_t request, ek_reply_t *reply)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i].type != type) continue;
        if (request.count != messages[i].bytes) return EK_ERR_LENGTH;
        reply->count = 0;
        return messages[i].run(request, reply);
    }
    return EK_ERR_TYPE;
}
