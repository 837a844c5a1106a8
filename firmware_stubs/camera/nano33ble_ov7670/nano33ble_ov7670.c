/* nano33ble_ov7670.c - an OV7670 on an Arduino Nano 33 BLE (nRF52840), read by its pins.
 *
 * Compiled and linked; never run on a board, and not tried with a sensor.
 *
 *     sensor            board               sensor    board
 *     D0 to D3          A5 A7 A0 A1         VSYNC     D8
 *     D4 to D7          A6 A3 A2 A4         HREF      D7
 *     SIOC, SIOD        D11, D12            PCLK      D9
 *     3V3, GND, RESET   3V3, GND, 3V3       XCLK      D10
 *     PWDN              GND
 *
 * This is not the wiring of Arduino's library, which takes the pins of the serial line and of the
 * trigger: here they stay free, and all that is looked at is in port 0 and comes with one read.
 * Pins: Arduino's pinout of the board. The sensor is 3.3 V; SIOC and SIOD have the chip's pull-ups
 * (13 kilohm), 4.7 kilohm outside are better.
 *
 * nRF52840 Product Specification 1.8: GPIO 0x50000000 and 0x50000300, I2S 0x40025000. Its master
 * clock is the sensor's: 16 MHz, a setting that the specification does not list and Arduino's
 * library uses; the sensor wants at least 10.
 */
#include "board.h"
#include "cortex_m.h"
#include "ek_camera.h"
#include "ek_driver.h"

#define PORT0_IN EK_REG(0x50000510u)
#define PORT0_CONFIG(pin) EK_REG(0x50000700u + 4u * (pin))
#define PORT1_CLEAR EK_REG(0x5000080Cu)
#define PORT1_IN EK_REG(0x50000810u)
#define PORT1_OUTPUT EK_REG(0x50000818u)
#define PORT1_INPUT EK_REG(0x5000081Cu)
#define PORT1_CONFIG(pin) EK_REG(0x50000A00u + 4u * (pin))

#define I2S 0x40025000u
#define I2S_START EK_REG(I2S + 0x000u)
#define I2S_ENABLE EK_REG(I2S + 0x500u)
#define I2S_MODE EK_REG(I2S + 0x504u)
#define I2S_MASTER_CLOCK EK_REG(I2S + 0x510u)
#define I2S_MASTER_HERTZ EK_REG(I2S + 0x514u)
#define I2S_MASTER_PIN EK_REG(I2S + 0x560u)

enum { VSYNC = 21, HREF = 23, PCLK = 27, XCLK = 32 + 2, SIOC = 1, SIOD = 8 };
enum { INPUT = 0, PULLED_UP = 3 << 2 };

#define EK_PARALLEL_VSYNC (1u << VSYNC)
#define EK_PARALLEL_HREF (1u << HREF)
#define EK_PARALLEL_PCLK (1u << PCLK)
#define EK_PARALLEL_PATIENCE (EK_BOARD_HZ / 8u) /* about a second */

static inline uint32_t ek_parallel_levels(void) { return PORT0_IN; }

/* D0 to D3 are pins 2 to 5, D4 to D7 pins 28 to 31. */
static inline uint8_t ek_parallel_byte(uint32_t levels)
{
    return (uint8_t)((levels >> 2 & 0x0Fu) | (levels >> 24 & 0xF0u));
}

#include "ek_parallel.h"

/* Divides the sensor's clock by 8: by its formula 2.5 frames in a second, 128 cycles of the core to a
 * byte, of which a look that takes a byte is about 30 (estimated from the listing). */
static const ek_register_t slower = {0x11, 0x07, 100};

const char ek_camera_name[] = "nano33ble_ov7670";

static uint32_t bit_of(ek_sccb_line_t line) { return 1u << (line == EK_SCCB_CLOCK ? SIOC : SIOD); }

/* Open drain: the output is low for ever, only its direction changes. */
static void set_line(void *port, ek_sccb_line_t line, bool high)
{
    (void)port;
    if (high) PORT1_INPUT = bit_of(line);
    else PORT1_OUTPUT = bit_of(line);
}

static bool read_line(void *port, ek_sccb_line_t line)
{
    (void)port;
    return (PORT1_IN & bit_of(line)) != 0;
}

static void start_pins(void)
{
    for (uint32_t pin = 2; pin <= 5; pin++) PORT0_CONFIG(pin) = INPUT;
    for (uint32_t pin = 28; pin <= 31; pin++) PORT0_CONFIG(pin) = INPUT;
    PORT0_CONFIG(VSYNC) = PORT0_CONFIG(HREF) = PORT0_CONFIG(PCLK) = INPUT;
    PORT1_CLEAR = bit_of(EK_SCCB_CLOCK) | bit_of(EK_SCCB_DATA);
    PORT1_CONFIG(SIOC) = PORT1_CONFIG(SIOD) = PULLED_UP;
}

static void start_clock(void)
{
    I2S_MODE = 0; /* master */
    I2S_MASTER_CLOCK = 1;
    I2S_MASTER_HERTZ = 0x80000000u; /* 32 MHz divided by 2 */
    I2S_MASTER_PIN = XCLK;
    I2S_ENABLE = 1;
    I2S_START = 1;
}

static void start(const ek_sensor_t *sensor)
{
    (void)sensor;
    start_pins();
    start_clock();
}

static const ek_sensor_mode_t *const modes[] = {&ek_ov7670_qqvga_rgb565, &ek_ov7670_qqvga_yuyv};

const ek_driver_t ek_driver = {
    .modes = modes,
    .count = sizeof modes / sizeof *modes,
    .own = {&slower, 1},
    .start = start,
    .bus = {set_line, read_line, ek_driver_wait, 0},
    .source = EK_PARALLEL_SOURCE,
};
