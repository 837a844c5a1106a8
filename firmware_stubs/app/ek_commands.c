/* ek_commands.c - see ek_commands.h. Replies follow the reference firmware of mlcommons/tiny to
 * the letter, its misspellings included, because hosts match them. Where ours differs: bytes
 * beyond a finished or missing `db load` are refused, `m-results` has no trailing comma, and both
 * time stamps of a window are sent after it, so that nothing is printed inside. */
#include "ek_commands.h"

#include <stdint.h>
#include <string.h>

#include "ek_port.h"
#include "ek_protocol.h"
#include "ek_session.h"
#include "ek_text.h"

static struct {
    bool energy;
    bool frames;
    uint32_t expected, filled; /* of `db load` */
} state;

/* Cuts the next word off *rest; null when there is none. */
static char *next_word(char **rest)
{
    char *word = *rest;
    while (*word == ' ') word++;
    if (*word == 0) return 0;
    char *end = word;
    while (*end && *end != ' ') end++;
    *rest = *end ? end + 1 : end;
    *end = 0;
    return word;
}

/* As atoi, but held within the range of int32_t: 0 for what is no number. */
static int32_t number(const char *word)
{
    int64_t value = 0;
    bool negative = *word == '-';
    if (*word == '-' || *word == '+') word++;
    for (; *word >= '0' && *word <= '9'; word++)
        if (value < INT32_MAX) value = value * 10 + (*word - '0');
    if (value > INT32_MAX) value = INT32_MAX;
    return (int32_t)(negative ? -value : value);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static void put_lap(uint64_t ticks)
{
    ek_port_info_t info;
    ek_port_info(&info);
    uint64_t seconds = ticks / info.counter_hz, rest = ticks % info.counter_hz;
    ek_put("m-lap-us-"); /* 32 bits: wraps after 71 minutes, as the reference does */
    ek_put_u64((uint32_t)(seconds * 1000000u + rest * 1000000u / info.counter_hz));
    ek_put("\r\n");
}

/* Energy mode: a falling edge that a meter sees, at least a microsecond long. */
static void pulse(void)
{
    ek_port_info_t info;
    ek_port_info(&info);
    ek_port_trigger(false);
    uint64_t until = ek_port_cycles() + info.counter_hz / 500000u + 1;
    while (ek_port_cycles() < until) {
    }
    ek_port_trigger(true);
}

static void put_mode(void)
{
    ek_put("m-timestamp-mode-");
    ek_put(state.energy ? "energy\r\n" : "performance\r\n");
}

static void time_stamp(char *rest)
{
    (void)rest;
    if (state.energy) pulse();
    else put_lap(ek_port_cycles());
}

static void name(char *rest)
{
    (void)rest;
    ek_put("m-name-dut-[" EK_VENDOR "]\r\n");
}

static void profile(char *rest)
{
    (void)rest;
    ek_put("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\n");
    ek_put("m-model-[" EK_MODEL_ID "]\r\n");
    ek_put("m-ek-[");
    ek_put_u64(EK_PROTOCOL_VERSION);
    ek_put("]\r\n");
}

static void help(char *rest);

static void put_results(char *rest)
{
    (void)rest;
    uint32_t count = ek_session_output_count();
    ek_put("m-results-[");
    if (EK_LOAD == EK_LOAD_F32) ek_put_milli(ek_session_output_mse());
    else
        for (uint32_t i = 0; i < count; i++) {
            if (i) ek_put(",");
            ek_put_milli(ek_session_output_value(i));
        }
    ek_put("]\r\n");
}

static void put_count(const char *before, int32_t count)
{
    ek_put(before);
    ek_put_i32(count);
    ek_put("\r\n");
}

/* Performance: one window, its two stamps sent after it. Energy: a pulse at each end. */
static void window(uint32_t n)
{
    if (state.energy) {
        pulse();
        ek_session_run_quietly(n);
        pulse();
        return;
    }
    ek_window_t w = ek_session_run(n);
    put_lap(w.start);
    put_lap(w.end);
}

static void infer(char *rest)
{
    int32_t n = 1, warm_up = 10;
    const char *word = next_word(&rest);
    if (word && (n = number(word)) <= 0) {
        ek_put("e-[Inference iterations must be >0]\r\n");
        return;
    }
    if (word && (word = next_word(&rest)) && (warm_up = number(word)) < 0) {
        ek_put("e-[Inference warmup must be >=0]\r\n");
        return;
    }
    ek_session_stage();
    put_count("m-warmup-start-", warm_up);
    ek_session_warm_up((uint32_t)warm_up);
    ek_put("m-warmup-done\r\n");
    put_count("m-infer-start-", n);
    window((uint32_t)n);
    ek_put("m-infer-done\r\n");
    put_results(0);
}

static void db_load(char *rest)
{
    const char *word = next_word(&rest);
    if (!word) {
        ek_put("e-[Command 'db load' requires the # of bytes]\r\n");
        return;
    }
    int32_t count = number(word);
    if (count <= 0) {
        ek_put("e-[Command 'db load' must be >0 bytes]\r\n");
        return;
    }
    state.expected = state.filled = 0;
    if ((uint32_t)count > EK_DB_BYTES) {
        ek_put("Supplied buffer size ");
        ek_put_i32(count);
        put_count(" exceeds maximum of ", EK_DB_BYTES);
        return;
    }
    ek_session_buffer(EK_HELD_HOST);
    state.expected = (uint32_t)count;
    ek_put("m-[Expecting ");
    ek_put_i32(count);
    ek_put(" bytes]\r\n");
}

static void db_print(char *rest)
{
    (void)rest;
    uint8_t flip = ek_session.held == EK_HELD_SHIFTED ? 0x80 : 0;
    for (uint32_t i = 0; i < state.expected; i++) {
        ek_put(i % 8 ? "-" : "m-buffer-");
        ek_put_hex(ek_db[i] ^ flip);
        if (i % 8 == 7 || i + 1 == state.expected) ek_put("\r\n");
    }
}

static void db_bytes(const char *digits)
{
    if (strlen(digits) % 2) {
        ek_put("e-[Insufficent number of hex digits]\r\n");
        return;
    }
    if (state.filled >= state.expected) {
        ek_put("e-[No 'db load' is under way]\r\n");
        return;
    }
    uint8_t *buffer = ek_session_buffer(EK_HELD_HOST);
    for (; *digits; digits += 2) {
        int high = hex_digit(digits[0]), low = hex_digit(digits[1]);
        if (high < 0 || low < 0) {
            const char pair[3] = {digits[0], digits[1], 0};
            ek_put("e-[Invalid hex digit '");
            ek_put(pair);
            ek_put("']\r\n");
            return;
        }
        buffer[state.filled++] = (uint8_t)(high << 4 | low);
        if (state.filled == state.expected) {
            ek_put("m-load-done\r\n");
            return;
        }
    }
}

static void db(char *rest)
{
    const char *word = next_word(&rest);
    if (!word) ek_put("e-[Command 'db' requires a subcommand]\r\n");
    else if (strcmp(word, "load") == 0) db_load(rest);
    else if (strcmp(word, "print") == 0) db_print(rest);
    else db_bytes(word);
}

static void mode(char *rest)
{
    const char *word = next_word(&rest);
    if (word && strcmp(word, "perf") == 0) state.energy = false;
    else if (word && strcmp(word, "energy") == 0) state.energy = true;
    else if (word) {
        ek_put("e-[Command 'mode' takes perf or energy]\r\n");
        return;
    }
    put_mode();
}

static void frames(char *rest)
{
    const char *word = next_word(&rest);
    if (!word || word[1] || (*word != '0' && *word != '1')) {
        ek_put("e-[Command 'ek' takes 0 or 1]\r\n");
        return;
    }
    state.frames = *word == '1';
    ek_put(state.frames ? "m-ek-[1]\r\n" : "m-ek-[0]\r\n");
}

static const struct {
    const char *word;
    void (*run)(char *rest);
    const char *help;
} commands[] = {
    {"name", name, "name of the device"},
    {"timestamp", time_stamp, "time stamp, or a pulse on the trigger pin in energy mode"},
    {"profile", profile, "firmware, model, extension"},
    {"help", help, "this list"},
    {"db", db, "load N | HH[HH]* | print: the input buffer, in hexadecimal"},
    {"infer", infer, "N W: N inferences after W to warm up"},
    {"results", put_results, "output of the last inference"},
    {"mode", mode, "perf | energy: what a time stamp is"},
    {"ek", frames, "0 | 1: binary frames off or on"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void help(char *rest)
{
    (void)rest;
    for (int i = 0; i < COMMANDS; i++) {
        ek_put(commands[i].word);
        ek_put(": ");
        ek_put(commands[i].help);
        ek_put("\r\n");
    }
}

void ek_commands_run(char line[EK_COMMAND_CHARS + 1])
{
    char *rest = line;
    const char *word = next_word(&rest);
    int i = 0;
    if (!word) word = "";
    while (i < COMMANDS && strcmp(commands[i].word, word) != 0) i++;
    if (i < COMMANDS) {
        commands[i].run(rest);
    } else {
        ek_put("e-[Unknown command: ");
        ek_put(word);
        ek_put("]\r\n");
    }
    ek_put("m-ready\r\n");
}

bool ek_commands_frames_on(void) { return state.frames; }

void ek_commands_greet(void)
{
    state.energy = EK_BOOT_ENERGY;
    ek_put("EdgeKit firmware " EK_BUILD_ID ", model ");
    ek_put(EK_MODEL.name);
    ek_put(" ");
    ek_put(EK_MODEL.hash);
    ek_put(", " EK_ISA "\r\n");
    put_mode();
    time_stamp(0);
}
