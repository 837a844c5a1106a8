/* ek_gate.c - see ek_gate.h. */
#include "ek_gate.h"

#include <string.h>

static uint32_t blocks_of(uint32_t extent) { return (extent + EK_GATE_BLOCK - 1) / EK_GATE_BLOCK; }

static uint32_t block_count(const ek_gate_t *gate)
{
    return blocks_of(gate->width) * blocks_of(gate->height);
}

void ek_gate_reset(ek_gate_t *gate)
{
    gate->skipped = gate->still = gate->changed = 0;
    gate->open = gate->known = false;
}

void ek_gate_begin(ek_gate_t *gate) { memset(gate->now, 0, block_count(gate) * sizeof *gate->now); }

void ek_gate_row(void *watcher, uint32_t y, const uint8_t *pixels)
{
    const ek_gate_t *gate = watcher;
    uint16_t *sum = gate->now + y / EK_GATE_BLOCK * blocks_of(gate->width);
    const uint8_t *const end = pixels + (uint32_t)gate->width * gate->channels;
    const uint32_t block = EK_GATE_BLOCK * (uint32_t)gate->channels;
    while (pixels < end) {
        const uint32_t left = (uint32_t)(end - pixels);
        const uint8_t *const stop = pixels + (left < block ? left : block);
        uint32_t total = *sum;
        while (pixels < stop) total += *pixels++;
        *sum++ = (uint16_t)total;
    }
}

static uint32_t extent_of(uint32_t index, uint32_t extent)
{
    const uint32_t left = extent - index * EK_GATE_BLOCK;
    return left < EK_GATE_BLOCK ? left : EK_GATE_BLOCK;
}

static uint16_t count_changed(const ek_gate_t *gate, uint32_t threshold)
{
    const uint32_t columns = blocks_of(gate->width), rows = blocks_of(gate->height);
    uint32_t changed = 0;
    for (uint32_t r = 0, i = 0; r < rows; r++)
        for (uint32_t c = 0; c < columns; c++, i++) {
            const uint32_t samples =
                extent_of(r, gate->height) * extent_of(c, gate->width) * gate->channels;
            const uint32_t a = gate->now[i], b = gate->reference[i];
            changed += (a > b ? a - b : b - a) * EK_GATE_STEPS > threshold * samples;
        }
    return (uint16_t)changed;
}

static void follow(ek_gate_t *gate, bool moves)
{
    if (!gate->open) {
        gate->open = moves;
        gate->still = 0;
        return;
    }
    gate->still = moves ? 0 : (uint16_t)(gate->still + 1);
    if (gate->still > gate->setting.hold) gate->open = false;
}

bool ek_gate_decide(ek_gate_t *gate)
{
    const ek_gate_setting_t *set = &gate->setting;
    gate->changed = gate->known ? count_changed(gate, gate->open ? set->leave : set->enter) : 0;
    if (gate->known) follow(gate, gate->changed >= set->blocks);
    const bool due = set->refresh > 0 && gate->skipped + 1u >= set->refresh;
    if (gate->known && !gate->open && !due) {
        if (gate->skipped < UINT16_MAX) gate->skipped++;
        return false;
    }
    memcpy(gate->reference, gate->now, block_count(gate) * sizeof *gate->now);
    gate->known = true;
    gate->skipped = 0;
    return true;
}
