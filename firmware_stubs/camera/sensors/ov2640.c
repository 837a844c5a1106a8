/* ov2640.c - OmniVision OV2640: 160 x 120 pixels, RGB565.
 *
 * Names and fields of the registers: OV2640 data sheet 1.6, table 12 (bank 0, the processor) and
 * table 13 (bank 1, the sensor); register FF selects. Chip number there, 0A and 0B of bank 1. Address
 * 60/61 on the bus: section "SCCB".
 *
 * The data sheet was not at hand when this was written: names, fields and values are from memory and
 * were compared with what public drivers state and write. [u] marks what stands in no such table,
 * or is called reserved there: the values are in general use, why they are needed is not published.
 * Noise, lens and gamma settings stay those after a reset. No sensor has been tried.
 *
 * The sensor reads 800 x 600 (SVGA); the processor halves that twice and scales it to 160 x 120,
 * so nothing is cut off.
 */
#include "ek_sensors.h"

enum { SENSOR_WIDTH = 800, SENSOR_HEIGHT = 600, WIDTH = 160, HEIGHT = 120, HALVED = 2 };

static const ek_register_t registers[] = {
    {0xFF, 0x01, 0},  /* RA_DLMT: the sensor's bank */
    {0x12, 0x80, 10}, /* COM7: reset of all registers */

    /* 800 x 600 with the input clock divided by 2. */
    {0x11, 0x01, 0}, /* CLKRC: divider less 1 */
    {0x12, 0x40, 0}, /* COM7: SVGA */
    {0x04, 0x28, 0}, /* REG04: HREF on; not mirrored */

    /* The window, in units of two pixels: from 137 for 400, from 2 for 300. */
    {0x17, 0x11, 0}, /* HREFST */
    {0x18, 0x43, 0}, /* HREFEND */
    {0x32, 0x09, 0}, /* REG32: lower bits of both, 1 and 1 */
    {0x19, 0x00, 0}, /* VSTRT */
    {0x1A, 0x4B, 0}, /* VEND */
    {0x03, 0x0A, 0}, /* COM1: lower bits of both, 2 and 2 */

    /* Automatic exposure and gain, up to 8 times, with a filter for lamps at 50 or 60 Hz. */
    {0x13, 0xE5, 0}, /* COM8 */
    {0x14, 0x48, 0}, /* COM9: ceiling; [u] bit 3 */
    {0x24, 0x40, 0}, /* AEW: upper and */
    {0x25, 0x38, 0}, /* AEB: lower end of a stable brightness */
    {0x26, 0x82, 0}, /* VV: where large steps begin */
    {0x4F, 0xCA, 0}, /* BD50 */
    {0x50, 0xA8, 0}, /* BD60 */
    {0x5A, 0x23, 0}, /* REG5A: steps of both */

    /* [u] Analogue part for SVGA. */
    {0x0D, 0x87, 0}, {0x0E, 0x41, 0}, {0x06, 0x88, 0}, {0x07, 0xC0, 0}, {0x22, 0x1A, 0},
    {0x23, 0x00, 0}, {0x34, 0xC0, 0}, {0x35, 0xDA, 0}, {0x37, 0xC3, 0}, {0x39, 0x92, 0},
    {0x3D, 0x38, 0}, {0x4C, 0x00, 0}, {0x6D, 0x00, 0},

    {0xFF, 0x00, 0}, /* RA_DLMT: the processor's bank */
    {0xE0, 0x04, 0}, /* RESET: the output stands still while sizes change */

    /* What comes in, in units of 8 pixels; lower bits in SIZEL. */
    {0xC0, SENSOR_WIDTH / 8, 0},  /* HSIZE8 */
    {0xC1, SENSOR_HEIGHT / 8, 0}, /* VSIZE8 */
    {0x8C, 0x00, 0},              /* SIZEL */

    /* What of it is used, in units of 4 pixels: all. */
    {0x51, SENSOR_WIDTH / 4, 0},  /* HSIZE */
    {0x52, SENSOR_HEIGHT / 4, 0}, /* VSIZE */
    {0x53, 0x00, 0},              /* XOFFL */
    {0x54, 0x00, 0},              /* YOFFL */
    {0x55, 0x00, 0},              /* VHYX: upper bits */
    {0x57, 0x00, 0},              /* TEST: upper bit of the width */

    /* What goes out, in units of 4 pixels. */
    {0x86, 0x3D, 0},                          /* CTRL2: scaling on, colour corrections on */
    {0x50, 0x80 | HALVED << 3 | HALVED, 0},   /* CTRLI: halvings down and across */
    {0x5A, WIDTH / 4, 0},                     /* ZMOW */
    {0x5B, HEIGHT / 4, 0},                    /* ZMOH */
    {0x5C, 0x00, 0},                          /* ZMHH: upper bits */
    {0xD3, 0x04, 0},                          /* R_DVP_SP: system clock divided by 4 */

    /* White balance, colours, RGB565 with the upper byte first. */
    {0xC3, 0xFD, 0}, /* CTRL1: all but the lens correction */
    {0xC7, 0x00, 0}, /* [u] white balance in its full form */
    {0xDA, 0x08, 0}, /* IMAGE_MODE */
    {0xD7, 0x03, 0}, /* [u] */
    {0xE1, 0x77, 0}, /* [u] */

    {0x05, 0x00, 0},  /* R_BYPASS: through the processor */
    {0xE0, 0x00, 10}, /* RESET: off */
};

static const ek_register_t sensor_bank[] = {{0xFF, 0x01, 0}};

/* PID; VER is 41 or 42. */
static const ek_identity_t identity[] = {{0x0A, 0xFF, 0x26}, {0x0B, 0xFC, 0x40}};

const ek_sensor_t ek_ov2640 = {
    .name = "OV2640",
    .address = 0x30,
    .register_bytes = 1,
    .restarts = false,
    .settle_ms = 20, /* [u] */
    .identities = 2,
    .identity = identity,
    .select = EK_REGISTERS(sensor_bank),
    .frame_high = true, /* [u] as public drivers have it */
    .falling = false,
};

const ek_sensor_mode_t ek_ov2640_qqvga_rgb565 = {
    .sensor = &ek_ov2640,
    .format = "rgb565be",
    .width = WIDTH,
    .height = HEIGHT,
    .common = EK_REGISTERS(registers),
    .own = {0, 0},
};
