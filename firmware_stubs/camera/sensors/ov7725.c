/* ov7725.c - OmniVision OV7725: 160 x 120 pixels, RGB565.
 *
 * Names and fields of the registers: OV7725 data sheet 1.31, table 7 (register list); chip number
 * there, 0A and 0B. Address 42/43 on the bus: section "SCCB".
 *
 * The data sheet was not at hand when this was written: names, fields and values are from memory and
 * were compared with what public drivers state and write. [u] marks what stands in no such table,
 * or is called reserved there: the values are in general use, why they are needed is not published.
 * Noise, lens, gamma, matrix and contrast stay those after a reset. No sensor has been tried.
 *
 * The sensor reads 320 x 240 (QVGA: every other row and column); its processor scales that to a half.
 * With an input clock of 16 MHz that makes about 25 frames in a second.
 */
#include "ek_sensors.h"

enum { SENSOR_WIDTH = 320, SENSOR_HEIGHT = 240, WIDTH = 160, HEIGHT = 120 };

static const ek_register_t registers[] = {
    {0x12, 0x80, 5}, /* COM7: reset of all registers */

    /* Clocks: no multiplication, the input divided by 2. */
    {0x0D, 0x01, 0}, /* COM4: PLL off, all of the picture is for the exposure; [u] bit 0 */
    {0x11, 0x00, 0}, /* CLKRC: divider less 1, of a half */
    {0x15, 0x00, 0}, /* COM10: VSYNC and HREF high when active */

    /* The window, in units of four columns and two rows; lower bits in HREF. */
    {0x17, 0x3F, 0},              /* HSTART */
    {0x18, SENSOR_WIDTH / 4, 0},  /* HSIZE */
    {0x19, 0x03, 0},              /* VSTRT */
    {0x1A, SENSOR_HEIGHT / 2, 0}, /* VSIZE */
    {0x32, 0x00, 0},              /* HREF */

    /* What goes out, in the same units; lower bits in EXHCH. */
    {0x29, WIDTH / 4, 0},  /* HOUTSIZE */
    {0x2C, HEIGHT / 2, 0}, /* VOUTSIZE */
    {0x2A, 0x00, 0},       /* EXHCH */

    /* Processor: all parts on, scaled down by factors of its own choice. */
    {0x64, 0xFF, 0}, /* DSP_CTRL1 */
    {0x65, 0x2F, 0}, /* DSP_CTRL2: averages and zooms out, both ways; [u] bit 5 */
    {0x66, 0x00, 0}, /* DSP_CTRL3: no test picture */
    {0x67, 0x00, 0}, /* DSP_CTRL4: YUV or RGB goes out */
    {0xAC, 0xFF, 0}, /* DSPAUTO */

    /* Automatic exposure, gain and white balance; gain up to 4 times. */
    {0x3D, 0x03, 0}, /* [u] COM12: offset of the analogue part */
    {0x14, 0x11, 0}, /* COM9: ceiling; [u] bit 0 */
    {0x24, 0x40, 0}, /* AEW: upper and */
    {0x25, 0x30, 0}, /* AEB: lower end of a stable brightness */
    {0x26, 0xA1, 0}, /* VPT: where large steps begin */
    {0x63, 0xE0, 0}, /* AWB_CTRL0: gains of the white balance are used */
    {0x6B, 0xAA, 0}, /* AWB_CTRL3: advanced; [u] lower bits */
    {0x13, 0xFF, 0}, /* COM8: fast, any step, all three on */

    {0x0C, 0x00, 0}, /* COM3: not mirrored, bytes not swapped */
    {0x12, 0x46, 0}, /* COM7: QVGA, RGB565 */
};

/* PID and VER. */
static const ek_identity_t identity[] = {{0x0A, 0xFF, 0x77}, {0x0B, 0xFF, 0x21}};

const ek_sensor_t ek_ov7725 = {
    .name = "OV7725",
    .address = 0x21,
    .register_bytes = 1,
    .restarts = false,
    .settle_ms = 20, /* [u] */
    .identities = 2,
    .identity = identity,
    .select = {0, 0},
    .frame_high = false,
    .falling = false,
};

const ek_sensor_mode_t ek_ov7725_qqvga_rgb565 = {
    .sensor = &ek_ov7725,
    .format = "rgb565be",
    .width = WIDTH,
    .height = HEIGHT,
    .common = EK_REGISTERS(registers),
    .own = {0, 0},
};
