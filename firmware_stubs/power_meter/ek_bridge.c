/* ek_bridge.c - see ek_bridge.h. */
#include "ek_bridge.h"

#include <stddef.h>
#include <string.h>

enum { FIRST_RATE_HZ = 500 };

static uint8_t put_text(ek_bridge_t *bridge, uint8_t at, const char *text)
{
    while (*text) bridge->line[at++] = *text++;
    return at;
}

static uint8_t put_unsigned(ek_bridge_t *bridge, uint8_t at, uint64_t value)
{
    char digits[20];
    uint8_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) bridge->line[at++] = digits[--count];
    return at;
}

static uint8_t put_signed(ek_bridge_t *bridge, uint8_t at, int64_t value)
{
    if (value < 0) bridge->line[at++] = '-';
    return put_unsigned(bridge, at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static uint8_t put_key(ek_bridge_t *bridge, uint8_t at, const char *key, uint64_t value)
{
    return put_unsigned(bridge, put_text(bridge, at, key), value);
}

static const char *end_line(ek_bridge_t *bridge, uint8_t at)
{
    bridge->line[at++] = '\r';
    bridge->line[at++] = '\n';
    bridge->line[at] = 0;
    return bridge->line;
}

static const char *say(ek_bridge_t *bridge, const char *text)
{
    return end_line(bridge, put_text(bridge, 0, text));
}

static const char *header(ek_bridge_t *bridge)
{
    const ek_ina_facts_t *facts = ek_ina_facts(bridge->ina.chip);
    uint32_t shunt = bridge->ina.shunt_uohm;
    uint8_t at = put_key(bridge, 0, "# edgekit-power ", EK_BRIDGE_VERSION);
    at = put_text(bridge, put_text(bridge, at, " chip="), facts->name);
    at = put_key(bridge, at, " shunt_uohm=", shunt);
    at = put_key(bridge, at, " rate=", bridge->rate_hz);
    at = put_key(bridge, at, " lsb_na=", (uint64_t)facts->shunt_nv * 1000000u / shunt);
    at = put_key(bridge, at, " max_ua=", (uint64_t)facts->full_uv * 1000000u / shunt);
    at = put_text(bridge, at, " cols=n,t_us,v_uv,i_na,mark");
    if (facts->counts_energy) at = put_text(bridge, at, ",e_uj");
    return end_line(bridge, put_text(bridge, at, ",sum"));
}

/* Set the sensor up for a rate, at most what it can do. */
static const char *set_rate(ek_bridge_t *bridge, uint32_t rate_hz)
{
    uint16_t most = ek_ina_facts(bridge->ina.chip)->most_hz;
    bridge->rate_hz = rate_hz < 1 ? 1 : rate_hz > most ? most : rate_hz;
    bridge->period_us = 1000000u / bridge->rate_hz;
    bridge->ready = ek_ina_set_up(&bridge->ina, bridge->period_us);
    return bridge->ready ? header(bridge) : say(bridge, "# error sensor does not answer");
}

const char *ek_bridge_begin(ek_bridge_t *bridge, const ek_ina_t *ina)
{
    memset(bridge, 0, sizeof *bridge);
    bridge->ina = *ina;
    return set_rate(bridge, FIRST_RATE_HZ);
}

/* A sensor that did not answer before may do so now. */
static const char *ask(ek_bridge_t *bridge)
{
    return bridge->ready ? header(bridge) : set_rate(bridge, bridge->rate_hz);
}

static const char *start(ek_bridge_t *bridge, uint32_t now_us)
{
    if (!bridge->ready) return ask(bridge);
    bridge->running = true;
    bridge->count = bridge->missed = 0;
    bridge->next_us = now_us;
    return say(bridge, "# start");
}

static const char *stop(ek_bridge_t *bridge)
{
    if (!bridge->running) return NULL;
    bridge->running = false;
    uint8_t at = put_key(bridge, 0, "# end n=", bridge->count);
    return end_line(bridge, put_key(bridge, at, " missed=", bridge->missed));
}

/* The digits of a text that holds nothing else, at most 9999999; 0 otherwise. */
static uint32_t number(const char *text)
{
    uint32_t value = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > 999999u) return 0;
        value = 10 * value + (uint32_t)(*text - '0');
    }
    return value;
}

static const char *obey(ek_bridge_t *bridge, uint32_t now_us)
{
    const char *command = bridge->command;
    if (!*command) return NULL;
    if (!strcmp(command, "?")) return ask(bridge);
    if (!strcmp(command, "start")) return start(bridge, now_us);
    if (!strcmp(command, "stop")) return stop(bridge);
    if (!strncmp(command, "rate ", 5) && number(command + 5) && !bridge->running) {
        return set_rate(bridge, number(command + 5));
    }
    return say(bridge, "# error unknown command");
}

const char *ek_bridge_receive(ek_bridge_t *bridge, char character, uint32_t now_us)
{
    if (character == '\r') return NULL;
    if (character != '\n') {
        /* A command too long to be one keeps its place taken and is not understood. */
        if (bridge->length < EK_BRIDGE_COMMAND - 1) bridge->command[bridge->length++] = character;
        return NULL;
    }
    bridge->command[bridge->length] = 0;
    bridge->length = 0;
    return obey(bridge, now_us);
}

/* Append the sum of the line so far, modulo 256, and end it. */
static const char *end_with_sum(ek_bridge_t *bridge, uint8_t at)
{
    uint8_t sum = 0;
    for (uint8_t i = 0; i < at; i++) sum = (uint8_t)(sum + (uint8_t)bridge->line[i]);
    return end_line(bridge, put_key(bridge, at, ",", sum));
}

const char *ek_bridge_poll(ek_bridge_t *bridge, uint32_t now_us, bool mark)
{
    if (!bridge->running || (int32_t)(now_us - bridge->next_us) < 0) return NULL;
    /* Periods that passed unseen are counted, so that the host sees the gap. */
    uint32_t late = (now_us - bridge->next_us) / bridge->period_us;
    bridge->count += late;
    bridge->missed += late;
    bridge->next_us += (late + 1) * bridge->period_us;
    ek_ina_sample_t sample;
    bool good = ek_ina_read(&bridge->ina, &sample);
    uint32_t n = bridge->count++;
    if (!good) {
        bridge->missed++;
        return say(bridge, "# error sensor does not answer");
    }
    uint8_t at = put_unsigned(bridge, 0, n & 0xFFFF);
    at = put_key(bridge, at, ",", now_us);
    at = put_signed(bridge, put_text(bridge, at, ","), sample.bus_uv);
    at = put_signed(bridge, put_text(bridge, at, ","), sample.current_na);
    at = put_key(bridge, at, ",", mark);
    const ek_ina_facts_t *facts = ek_ina_facts(bridge->ina.chip);
    if (facts->counts_energy) at = put_key(bridge, at, ",", sample.energy_uj);
    return end_with_sum(bridge, at);
}

void ek_bridge_missed(ek_bridge_t *bridge)
{
    bridge->missed++;
}
