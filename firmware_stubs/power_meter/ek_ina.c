/* ek_ina.c - see ek_ina.h. Register numbers and steps are those of Texas Instruments' data sheets
 * (INA219 SBOS448, INA226 SBOS547, INA228 SBOSA20). */
#include "ek_ina.h"

static const ek_ina_facts_t FACTS[] = {
    [EK_INA219] = {"ina219", 10000, 320000, 500, false},
    [EK_INA226] = {"ina226", 2500, 81917, 1000, false},
    [EK_INA228] = {"ina228", 313, 163839, 2000, true},
};

enum { MAKER_226 = 0xFE, MAKER_228 = 0x3E, TEXAS_INSTRUMENTS = 0x5449 };
enum { CONFIG = 0, SHUNT = 1, BUS = 2 };
enum { ADC_CONFIG_228 = 1, SHUNT_CAL_228 = 2, VSHUNT_228 = 4, VBUS_228 = 5, ENERGY_228 = 9 };

/* With a current step of 312.5 nV / R the calibration register of an INA228 is this for any R. */
enum { SHUNT_CAL = 4096 };
enum { RESET_COUNTERS_228 = 0x4000 };

/* Microseconds of one conversion by its code, and how many are averaged by theirs. */
static const uint16_t TIMES_226[] = {140, 204, 332, 588, 1100, 2116, 4156, 8244};
static const uint16_t TIMES_228[] = {50, 84, 150, 280, 540, 1052, 2074, 4120};
static const uint16_t AVERAGES[] = {1, 4, 16, 64, 128, 256, 512, 1024};
enum { TIME_219_US = 532, CODES = 8 };

const ek_ina_facts_t *ek_ina_facts(ek_ina_chip_t chip)
{
    return &FACTS[chip];
}

static bool read_register(const ek_ina_t *ina, uint8_t reg, uint8_t count, uint64_t *value)
{
    uint8_t bytes[5];
    if (!ina->bus.read(ina->bus.io, ina->address, reg, bytes, count)) return false;
    *value = 0;
    for (uint8_t i = 0; i < count; i++) *value = *value << 8 | bytes[i];
    return true;
}

static bool write_register(const ek_ina_t *ina, uint8_t reg, uint16_t value)
{
    return ina->bus.write(ina->bus.io, ina->address, reg, value);
}

typedef struct {
    uint8_t time, average;
} codes_t;

/* The longest averaging of one shunt and one bus conversion that ends within the period. Of equal
 * ones the one of more, shorter conversions: nothing then falls between them for long. */
static codes_t averaging(const uint16_t times[CODES], uint32_t period_us)
{
    codes_t best = {0, 0};
    uint32_t longest = 0;
    for (uint8_t time = 0; time < CODES; time++) {
        for (uint8_t average = 0; average < CODES; average++) {
            uint32_t length = 2 * (uint32_t)times[time] * AVERAGES[average];
            if (length > period_us || length <= longest) continue;
            longest = length;
            best.time = time;
            best.average = average;
        }
    }
    return best;
}

static bool set_up_219(const ek_ina_t *ina, uint32_t period_us)
{
    uint16_t average = 0; /* 2, 4, ... 128 conversions of 12 bits have the codes 9 to 15 */
    while (average < 7 && 2 * (uint32_t)TIME_219_US * (2u << average) <= period_us) average++;
    uint16_t adc = (uint16_t)(8u + average);
    uint16_t range = 0x2000 | 3 << 11; /* 32 V, shunt of 320 mV */
    return write_register(ina, CONFIG, (uint16_t)(range | adc << 7 | adc << 3 | 7));
}

static bool set_up_226(const ek_ina_t *ina, uint32_t period_us)
{
    uint64_t maker;
    if (!read_register(ina, MAKER_226, 2, &maker) || maker != TEXAS_INSTRUMENTS) return false;
    codes_t codes = averaging(TIMES_226, period_us);
    uint16_t times = (uint16_t)(codes.time << 6 | codes.time << 3);
    return write_register(ina, CONFIG, (uint16_t)(0x4000 | codes.average << 9 | times | 7));
}

static bool set_up_228(const ek_ina_t *ina, uint32_t period_us)
{
    uint64_t maker;
    if (!read_register(ina, MAKER_228, 2, &maker) || maker != TEXAS_INSTRUMENTS) return false;
    codes_t codes = averaging(TIMES_228, period_us);
    uint16_t adc = (uint16_t)(0xB000 | codes.time << 9 | codes.time << 6 | codes.average);
    return write_register(ina, SHUNT_CAL_228, SHUNT_CAL) &&
           write_register(ina, ADC_CONFIG_228, adc) &&
           write_register(ina, CONFIG, RESET_COUNTERS_228);
}

bool ek_ina_set_up(const ek_ina_t *ina, uint32_t period_us)
{
    switch (ina->chip) {
    case EK_INA219: return set_up_219(ina, period_us);
    case EK_INA226: return set_up_226(ina, period_us);
    case EK_INA228: return set_up_228(ina, period_us);
    }
    return false;
}

/* Nanoamperes of a shunt voltage in sixteenths of a nanovolt, rounded half away from zero. */
static int64_t current_na(const ek_ina_t *ina, int64_t shunt_nv16)
{
    int64_t divisor = 16 * (int64_t)ina->shunt_uohm;
    int64_t scaled = shunt_nv16 * 1000000;
    return (scaled + (scaled < 0 ? -divisor : divisor) / 2) / divisor;
}

static bool read_16_bits(const ek_ina_t *ina, ek_ina_sample_t *sample)
{
    uint64_t shunt, bus;
    if (!read_register(ina, SHUNT, 2, &shunt) || !read_register(ina, BUS, 2, &bus)) return false;
    int64_t step_nv16 = 16 * (int64_t)FACTS[ina->chip].shunt_nv;
    sample->current_na = current_na(ina, (int16_t)shunt * step_nv16);
    sample->bus_uv = ina->chip == EK_INA219 ? (int32_t)(bus >> 3) * 4000 : (int32_t)bus * 1250;
    sample->energy_uj = 0;
    return true;
}

/* The upper 20 of 24 bits, with sign. */
static int32_t upper_20_bits(uint64_t value)
{
    int32_t bits = (int32_t)(value >> 4);
    return bits >= 1 << 19 ? bits - (1 << 20) : bits;
}

static bool read_228(const ek_ina_t *ina, ek_ina_sample_t *sample)
{
    uint64_t shunt, bus, energy;
    if (!read_register(ina, VSHUNT_228, 3, &shunt) || !read_register(ina, VBUS_228, 3, &bus) ||
        !read_register(ina, ENERGY_228, 5, &energy)) {
        return false;
    }
    sample->current_na = current_na(ina, (int64_t)upper_20_bits(shunt) * 5000); /* 312.5 nV */
    sample->bus_uv = (int32_t)((int64_t)upper_20_bits(bus) * 3125 / 16);        /* 195.3125 uV */
    sample->energy_uj = energy * 16000000u / ina->shunt_uohm; /* 16 * 3.2 * 312.5 nV / R */
    return true;
}

bool ek_ina_read(const ek_ina_t *ina, ek_ina_sample_t *sample)
{
    return ina->chip == EK_INA228 ? read_228(ina, sample) : read_16_bits(ina, sample);
}
