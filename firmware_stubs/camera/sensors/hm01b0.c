/* hm01b0.c - Himax HM01B0: 162 x 122 grey pixels of 8 bits.
 *
 * Names and fields of the registers: HM01B0 data sheet (HM01B0-DS), register table: two bytes of
 * address, I2C at 24, model number in 0000 and 0001.
 *
 * The data sheet was not at hand when this was written: names, fields and values are from memory and
 * were compared with what public drivers state and write. [u] marks what stands in no such table,
 * or is called reserved there: the values are in general use, why they are needed is not published.
 * No sensor has been tried.
 *
 * The sensor's window of 324 x 244 is averaged two by two. Of the 162 x 122 pixels that come,
 * `--region 1,1,160,120` is the middle.
 */
#include "ek_sensors.h"

/* Rows of a frame with those that are not sent, and clocks of a row; exposure ends 2 rows before. */
enum { LINES = 132, CLOCKS = 376, EXPOSURE = LINES - 2 };

static const ek_register_t registers[] = {
    {0x0103, 0x01, 10}, /* SW_RESET */
    {0x0100, 0x00, 1},  /* MODE_SELECT: stand-by while registers change */

    /* [u] Analogue part: sampling times, negative offset, clamps. */
    {0x3044, 0x0A, 0}, {0x3045, 0x00, 0}, {0x3047, 0x0A, 0}, {0x3050, 0xC0, 0},
    {0x3051, 0x42, 0}, {0x3052, 0x50, 0}, {0x3053, 0x00, 0}, {0x3054, 0x03, 0},
    {0x3055, 0xF7, 0}, {0x3056, 0xF8, 0}, {0x3057, 0x29, 0}, {0x3058, 0x1F, 0},
    {0x3064, 0x00, 0}, {0x3065, 0x04, 0},

    /* Black level. */
    {0x1000, 0x43, 0}, /* BLC_CFG: on */
    {0x1001, 0x40, 0}, /* [u] */
    {0x1002, 0x32, 0}, /* [u] */
    {0x1003, 0x08, 0}, /* BLC_TGT */
    {0x1006, 0x01, 0}, /* BLI_EN */
    {0x1007, 0x08, 0}, /* BLC2_TGT */

    {0x0350, 0x7F, 0}, /* [u] digital gain */

    /* Pixels that are defect. */
    {0x1008, 0x01, 0},                                        /* DPC_CTRL: on, no colours */
    {0x1009, 0xA0, 0}, {0x100A, 0x60, 0},                     /* [u] clusters */
    {0x100B, 0x90, 0}, {0x100C, 0x40, 0},                     /* single ones: hot, cold */

    {0x1012, 0x00, 0}, /* VSYNC, HSYNC and pixels not shifted */
    {0x2000, 0x07, 0}, /* STATISTIC_CTRL: what the exposure needs */

    /* Automatic exposure. */
    {0x2100, 0x01, 0},             /* AE_CTRL: on */
    {0x2101, 0x3C, 0},             /* AE_TARGET_MEAN */
    {0x2102, 0x0A, 0},             /* AE_MIN_MEAN */
    {0x2103, 0x03, 0},             /* CONVERGE_IN_TH */
    {0x2104, 0x05, 0},             /* CONVERGE_OUT_TH */
    {0x2105, EXPOSURE >> 8, 0},    /* MAX_INTG, two bytes */
    {0x2106, EXPOSURE & 0xFF, 0},
    {0x2108, 0x03, 0},             /* MAX_AGAIN_FULL */
    {0x2109, 0x04, 0},             /* MAX_AGAIN_BIN2 */
    {0x210B, 0xC0, 0},             /* MAX_DGAIN */
    {0x210F, 0x00, 0},             /* FS_CTRL: no filter for lamps */

    {0x2150, 0x00, 0}, /* MD_CTRL: the sensor's own motion detection off */

    /* Size: the window, averaged in both directions. */
    {0x3010, 0x01, 0}, /* QVGA_WIN_EN */
    {0x0383, 0x03, 0}, /* READOUT_X */
    {0x0387, 0x03, 0}, /* READOUT_Y */
    {0x0390, 0x03, 0}, /* BINNING_MODE */
    {0x0340, LINES >> 8, 0}, /* FRAME_LENGTH_LINES, two bytes */
    {0x0341, LINES & 0xFF, 0},
    {0x0342, CLOCKS >> 8, 0}, /* LINE_LENGTH_PCK, two bytes */
    {0x0343, CLOCKS & 0xFF, 0},

    {0x3011, 0x70, 0}, /* [u] */
    {0x3067, 0x00, 0}, /* ANA_Register_17: clock from the pin */
    {0x3068, 0x20, 0}, /* PCLK_POLARITY: pixels are taken at the rising edge; [u] bit 5 */
    {0x0101, 0x00, 0}, /* IMG_ORIENTATION: not mirrored */
};

/* What is written last: what was written takes effect, pictures. */
#define BEGIN {0x0104, 0x01, 0}, /* GRP_PARAM_HOLD */ {0x0100, 0x01, 10} /* MODE_SELECT */

/* Eight lines at once, pixel clock only with pixels. */
static const ek_register_t parallel[] = {
    {0x3059, 0x02, 0}, /* BIT_CONTROL: 8 bits */
    {0x3060, 0x28, 0}, /* OSC_CLK_DIV: gated; clock divided by 8; [u] bits 3:2 */
    BEGIN,
};

/* One line, eight clocks a pixel. [u] Bit 4 of OSC_CLK_DIV: the highest bit comes first. Public drivers
 * that set it shift to the left, those that do not shift to the right. */
static const ek_register_t serial[] = {
    {0x3059, 0x22, 0}, /* BIT_CONTROL: 1 bit */
    {0x3060, 0x30, 0}, /* OSC_CLK_DIV: gated; clock divided by 8 */
    BEGIN,
};

/* MODEL_ID. */
static const ek_identity_t identity[] = {{0x0000, 0xFF, 0x01}, {0x0001, 0xFF, 0xB0}};

const ek_sensor_t ek_hm01b0 = {
    .name = "HM01B0",
    .address = 0x24,
    .register_bytes = 2,
    .restarts = true,
    .settle_ms = 20, /* [u] */
    .identities = 2,
    .identity = identity,
    .select = {0, 0},
    .frame_high = true,
    .falling = false,
};

const ek_sensor_mode_t ek_hm01b0_qqvga_gray8 = {
    .sensor = &ek_hm01b0,
    .format = "gray8",
    .width = 162,
    .height = 122,
    .common = EK_REGISTERS(registers),
    .own = EK_REGISTERS(parallel),
};

const ek_sensor_mode_t ek_hm01b0_serial_qqvga_gray8 = {
    .sensor = &ek_hm01b0,
    .format = "gray8",
    .width = 162,
    .height = 122,
    .common = EK_REGISTERS(registers),
    .own = EK_REGISTERS(serial),
};
