/* ek_ina.h - INA219, INA226 and INA228 current sensors behind any I2C bus. */
#ifndef EK_INA_H
#define EK_INA_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bus: registers of `count` bytes, most significant byte first. Both return whether the
 * device acknowledged. */
typedef struct {
    bool (*write)(void *io, uint8_t address, uint8_t reg, uint16_t value);
    bool (*read)(void *io, uint8_t address, uint8_t reg, uint8_t *bytes, uint8_t count);
    void *io;
} ek_i2c_t;

typedef enum { EK_INA219, EK_INA226, EK_INA228 } ek_ina_chip_t;

typedef struct {
    ek_ina_chip_t chip;
    uint8_t address;
    uint32_t shunt_uohm;
    ek_i2c_t bus;
} ek_ina_t;

/* What a chip can do; steps in nanovolts of the shunt, rates at a bus of 400 kHz. */
typedef struct {
    const char *name;
    uint32_t shunt_nv;
    uint32_t full_uv;
    uint16_t most_hz;
    bool counts_energy;
} ek_ina_facts_t;

typedef struct {
    int32_t bus_uv;
    int64_t current_na;
    uint64_t energy_uj; /* since ek_ina_set_up; 0 where the chip counts none */
} ek_ina_sample_t;

const ek_ina_facts_t *ek_ina_facts(ek_ina_chip_t chip);

/* Identify the chip and let it average in hardware over as much of `period_us` as it can. */
bool ek_ina_set_up(const ek_ina_t *ina, uint32_t period_us);

/* The latest averages. */
bool ek_ina_read(const ek_ina_t *ina, ek_ina_sample_t *sample);

#ifdef __cplusplus
}
#endif
#endif
