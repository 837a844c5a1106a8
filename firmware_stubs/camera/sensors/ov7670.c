/* ov7670.c - OmniVision OV7670 and OV7675: 160 x 120 pixels, RGB565 or YUYV.
 *
 * Names and fields of the registers: OV7670/OV7171 data sheet 1.4, table 5 (device control register
 * list); chip number there, addresses 0A and 0B. Address 42/43 on the bus: section "SCCB". Time after
 * a reset: table 4, 1 ms; settled after 300 ms, which the automatic exposure takes anyway.
 *
 * The data sheet was not at hand when this was written: names, fields and values are from memory and
 * were compared with what public drivers state and write. [u] marks what stands in no such table,
 * or is called reserved there: the values are in general use, why they are needed is not published.
 * No sensor has been tried.
 *
 * The picture is all of the 640 x 480 pixels, averaged four by four. With an input clock of 24 MHz
 * that makes 15 frames in a second and a pixel clock of 3 MHz within rows.
 */
#include "ek_sensors.h"

/* The window: columns are counted 0 to 783 and may go round, rows from 0. [u] The start makes the
 * dark columns on the left disappear; the sheet gives no formula for a scaled picture. */
enum { LEFT = 180, WIDTH = 640, LINE = 784, TOP = 10, HEIGHT = 480 };
enum { RIGHT = (LEFT + WIDTH) % LINE, BOTTOM = TOP + HEIGHT };

static const ek_register_t common[] = {
    {0x12, 0x80, 5}, /* COM7: reset of all registers */

    /* Clocks: no multiplication, the input divided by 2; pixel clock only within rows. */
    {0x6B, 0x0A, 0}, /* DBLV */
    {0x11, 0x01, 0}, /* CLKRC: divider less 1 */
    {0x15, 0x20, 0}, /* COM10: VSYNC and HREF high when active */

    /* Window: upper bits, then the lower bits of start and end. */
    {0x17, LEFT >> 3, 0},                                     /* HSTART */
    {0x18, RIGHT >> 3, 0},                                    /* HSTOP */
    {0x32, 0x80 | (RIGHT & 7) << 3 | (LEFT & 7), 0},          /* HREF; [u] edge offset 2 */
    {0x19, TOP >> 2, 0},                                      /* VSTRT */
    {0x1A, BOTTOM >> 2, 0},                                   /* VSTOP */
    {0x03, (BOTTOM & 3) << 2 | (TOP & 3), 0},                 /* VREF */

    /* A fourth of the size in both directions by averaging, the pixel clock with it. */
    {0x0C, 0x04, 0}, /* COM3: down-sampling on, bytes not swapped */
    {0x3E, 0x1A, 0}, /* COM14: pixel clock divided by 4, factors by hand */
    {0x72, 0x22, 0}, /* SCALING_DCWCTR: by 4 down and across */
    {0x73, 0xF2, 0}, /* SCALING_PCLK_DIV: by 4; [u] upper half */
    {0xA2, 0x02, 0}, /* SCALING_PCLK_DELAY */

    /* Automatic exposure, gain and white balance; gain up to 16 times. */
    {0x14, 0x38, 0}, /* COM9: ceiling; [u] bit 3 */
    {0x13, 0xC7, 0}, /* COM8: fast, any step, all three on */
    {0x41, 0x08, 0}, /* COM16: gains of the white balance are used */
    {0x3D, 0xC0, 0}, /* COM13: gamma, saturation adjusted; U before V */

    {0xB0, 0x84, 0}, /* [u] without it colours are wrong */
    {0x3A, 0x04, 0}, /* TSLB: window as written above, Y before U; [u] bit 2 */
    {0x8C, 0x00, 0}, /* RGB444: off */
};

/* Colours from the sensor's: signs in 58; [u] the values, those of OmniVision's own settings. */
static const ek_register_t rgb565[] = {
    {0x12, 0x04, 0}, /* COM7: VGA, RGB */
    {0x40, 0xD0, 0}, /* COM15: 0 to 255, RGB565 */
    {0x4F, 0xB3, 0}, {0x50, 0xB3, 0}, {0x51, 0x00, 0}, /* MTX1 to MTX6 */
    {0x52, 0x3D, 0}, {0x53, 0xA7, 0}, {0x54, 0xE4, 0},
    {0x58, 0x9E, 0}, /* MTXS */
};

static const ek_register_t yuyv[] = {
    {0x12, 0x00, 0}, /* COM7: VGA, YUV */
    {0x40, 0xC0, 0}, /* COM15: 0 to 255 */
    {0x4F, 0x80, 0}, {0x50, 0x80, 0}, {0x51, 0x00, 0}, /* MTX1 to MTX6 */
    {0x52, 0x22, 0}, {0x53, 0x5E, 0}, {0x54, 0x80, 0},
    {0x58, 0x9E, 0}, /* MTXS */
};

/* PID and VER. OV7675 states the same numbers. */
static const ek_identity_t identity[] = {{0x0A, 0xFF, 0x76}, {0x0B, 0xFF, 0x73}};

const ek_sensor_t ek_ov7670 = {
    .name = "OV7670",
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

const ek_sensor_mode_t ek_ov7670_qqvga_rgb565 = {
    .sensor = &ek_ov7670,
    .format = "rgb565be",
    .width = 160,
    .height = 120,
    .common = EK_REGISTERS(common),
    .own = EK_REGISTERS(rgb565),
};

const ek_sensor_mode_t ek_ov7670_qqvga_yuyv = {
    .sensor = &ek_ov7670,
    .format = "yuyv",
    .width = 160,
    .height = 120,
    .common = EK_REGISTERS(common),
    .own = EK_REGISTERS(yuyv),
};
