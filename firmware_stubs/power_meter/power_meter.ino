/* power_meter.ino - an INA219, INA226 or INA228 as a power meter for EdgeKit.
 *
 * Wire VIN+ to the supply, VIN- to the board, SDA and SCL to the sensor, MARK_PIN to the board's
 * trigger pin (of the same or a lower voltage), and all grounds together. Choose below. */
#include <Wire.h>

#include "ek_bridge.h"

static const ek_ina_chip_t CHIP = EK_INA226;
static const uint8_t ADDRESS = 0x40;
static const uint32_t SHUNT_UOHM = 100000; /* what is printed on the shunt: R100 is 100000 */
static const uint8_t MARK_PIN = 2;
static const uint32_t BAUD = 921600; /* 500000 on an Uno or Nano: edgekit ... ?baud=500000 */

static ek_bridge_t bridge;
static volatile bool fell;

/* A pulse shorter than a sample is kept until the next one. */
static void on_fall(void)
{
    fell = true;
}

static bool write_register(void *io, uint8_t address, uint8_t reg, uint16_t value)
{
    (void)io;
    Wire.beginTransmission(address);
    Wire.write(reg);
    Wire.write((uint8_t)(value >> 8));
    Wire.write((uint8_t)value);
    return Wire.endTransmission() == 0;
}

static bool read_register(void *io, uint8_t address, uint8_t reg, uint8_t *bytes, uint8_t count)
{
    (void)io;
    Wire.beginTransmission(address);
    Wire.write(reg);
    if (Wire.endTransmission(false) != 0) return false;
    if (Wire.requestFrom(address, count) != count) return false;
    for (uint8_t i = 0; i < count; i++) bytes[i] = (uint8_t)Wire.read();
    return true;
}

static bool send(const char *line)
{
    if (line == NULL) return true;
    size_t length = strlen(line);
    if ((size_t)Serial.availableForWrite() < length) return false;
    Serial.write((const uint8_t *)line, length);
    return true;
}

void setup()
{
    Serial.begin(BAUD);
    Wire.begin();
    Wire.setClock(400000);
    pinMode(MARK_PIN, INPUT_PULLUP);
    attachInterrupt(digitalPinToInterrupt(MARK_PIN), on_fall, FALLING);
    const ek_i2c_t bus = {write_register, read_register, NULL};
    const ek_ina_t ina = {CHIP, ADDRESS, SHUNT_UOHM, bus};
    Serial.print(ek_bridge_begin(&bridge, &ina));
}

void loop()
{
    while (Serial.available() > 0) {
        const char *answer = ek_bridge_receive(&bridge, (char)Serial.read(), micros());
        if (answer != NULL) Serial.print(answer);
    }
    bool mark = digitalRead(MARK_PIN) == HIGH && !fell;
    const char *line = ek_bridge_poll(&bridge, micros(), mark);
    if (line == NULL) return;
    fell = false;
    if (!send(line)) ek_bridge_missed(&bridge);
}
