/* pico_arducam_hm01b0.c - Arducam's HM01B0 on a Raspberry Pi Pico (RP2040), by PIO and DMA.
 *
 * Compiled and linked; never run on a board, and not tried with a sensor.
 *
 *     module    board       module    board
 *     VCC       3V3         VSYNC     GP16
 *     GND       GND         HREF      GP15
 *     SCL       GP5         PCLK      GP14
 *     SDA       GP4         D0        GP6
 *
 * Wiring: Arducam's example for this module (RPI-Pico-Cam). Its eight pins bring one line of data:
 * a pixel comes in eight bits, one to each clock. The module has a clock of its own; it is said to be
 * of 24 MHz, and PCLK is then, too: 5.2 cycles of PIO.
 *
 * RP2040 Datasheet: chapters "PIO" (PIO0 0x50200000; encodings in "Instruction Set"; instructions
 * from outside in "Forced and EXEC'd Instructions"), "DMA" (0x50000000; request 4 is what PIO0's state
 * machine 0 received), "SIO" (0xD0000000), "GPIO" (0x40014000, pads 0x4001C000), "Subsystem resets"
 * (0x4000C000; + 0x3000 clears).
 */
#include "board.h"
#include "cortex_m.h"
#include "ek_camera.h"
#include "ek_driver.h"

#define RESETS_CLEAR EK_REG(0x4000C000u + 0x3000u)
#define RESETS_DONE EK_REG(0x4000C008u)
#define FUNCTION(pin) EK_REG(0x40014004u + 8u * (pin))
#define PAD(pin) EK_REG(0x4001C004u + 4u * (pin))

#define LEVELS EK_REG(0xD0000004u)
#define OUTPUT_CLEAR EK_REG(0xD0000018u)
#define DRIVE EK_REG(0xD0000024u)
#define RELEASE EK_REG(0xD0000028u)

#define PIO_CTRL EK_REG(0x50200000u)
#define PIO_FDEBUG EK_REG(0x50200008u)
#define PIO_FLEVEL EK_REG(0x5020000Cu)
#define PIO_RXF0 0x50200020u
#define PIO_INSTR_MEM(at) EK_REG(0x50200048u + 4u * (at))
#define SM0_CLKDIV EK_REG(0x502000C8u)
#define SM0_EXECCTRL EK_REG(0x502000CCu)
#define SM0_SHIFTCTRL EK_REG(0x502000D0u)
#define SM0_INSTR EK_REG(0x502000D8u)
#define SM0_PINCTRL EK_REG(0x502000DCu)

#define DMA_READ EK_REG(0x50000000u)
#define DMA_WRITE EK_REG(0x50000004u)
#define DMA_COUNT EK_REG(0x50000008u)
#define DMA_CTRL_TRIG EK_REG(0x5000000Cu)
#define DMA_ABORT EK_REG(0x50000444u)

enum { SIOD = 4, SIOC = 5, D0 = 6, PCLK = 14, HREF = 15, VSYNC = 16 };
enum { FUNCTION_SIO = 5, SCHMITT = 1 << 1, PULL_UP = 1 << 3, INPUT = 1 << 6 };
enum { RESET_DMA = 1 << 2, RESET_PIO0 = 1 << 10 };
enum { RUN = 1, RESTART = 1 << 4 | 1 << 8, STALLED = 1, ALL_FLAGS = 0x0F0F0F0F, RECEIVED = 15 << 4 };
enum { AUTOPUSH = 1 << 16, TO_LEFT = 0 << 18, BYTES = 8 << 20 };
enum { EN = 1, ONTO_BYTES = 0 << 2, INCREMENT = 1 << 5, PIO0_RX0 = 4 << 15 };
enum { PATIENCE = 10000 }; /* looks: far more than bytes take from PIO to memory */

#define JOIN_RX (1u << 31)
#define BUSY (1u << 24)
#define AHB_ERROR (1u << 31)

/* Words of PIO instructions without delay. */
#define WAIT(level, pin) (uint16_t)(0x2000u | (level) << 7 | (pin))
#define IN_PINS(count) (uint16_t)(0x4000u | (count))
#define IN_NULL(count) (uint16_t)(0x4060u | (count))
#define MOV_ISR_NULL 0xA0C3u
#define JMP(at) (uint32_t)(at)

/* Waits for a frame's start, then takes a bit where PCLK has gone high within a row. A turn is four
 * cycles: PCLK may have 25 MHz, and must be high and low for two cycles each. */
static const uint16_t program[] = {
    WAIT(0u, VSYNC), /* 0: wait 0 gpio 16 */
    WAIT(1u, VSYNC), /* 1: wait 1 gpio 16 */
    WAIT(1u, HREF),  /* 2: wait 1 gpio 15 */
    WAIT(1u, PCLK),  /* 3: wait 1 gpio 14 */
    IN_PINS(1u),     /* 4: in pins, 1 */
    WAIT(0u, PCLK),  /* 5: wait 0 gpio 14 */
};

enum { WRAP_BOTTOM = 2, WRAP_TOP = 5 };

const char ek_camera_name[] = "pico_arducam_hm01b0";

static uint32_t armed;

static uint32_t bit_of(ek_sccb_line_t line) { return 1u << (line == EK_SCCB_CLOCK ? SIOC : SIOD); }

/* Open drain: the output is low for ever, only its direction changes. */
static void set_line(void *port, ek_sccb_line_t line, bool high)
{
    (void)port;
    if (high) RELEASE = bit_of(line);
    else DRIVE = bit_of(line);
}

static bool read_line(void *port, ek_sccb_line_t line)
{
    (void)port;
    return (LEVELS & bit_of(line)) != 0;
}

/* Pins can be read by PIO whatever their function. */
static void set_pin(uint32_t pin, uint32_t pad)
{
    PAD(pin) = SCHMITT | INPUT | pad;
    FUNCTION(pin) = FUNCTION_SIO;
}

static void start(const ek_sensor_t *sensor)
{
    (void)sensor; /* the program is of its polarities */
    RESETS_CLEAR = RESET_DMA | RESET_PIO0;
    while ((RESETS_DONE & (RESET_DMA | RESET_PIO0)) != (RESET_DMA | RESET_PIO0)) {
    }
    OUTPUT_CLEAR = 1u << SIOC | 1u << SIOD;
    set_pin(SIOC, PULL_UP);
    set_pin(SIOD, PULL_UP);
    set_pin(D0, 0);
    set_pin(PCLK, 0);
    set_pin(HREF, 0);
    set_pin(VSYNC, 0);
    for (uint32_t at = 0; at < sizeof program / sizeof *program; at++)
        PIO_INSTR_MEM(at) = program[at];
    SM0_CLKDIV = 1u << 16;
    SM0_EXECCTRL = WRAP_TOP << 12 | WRAP_BOTTOM << 7;
    SM0_PINCTRL = D0 << 15;
}

static ek_sync_t look(void)
{
    const uint32_t levels = LEVELS;
    if (!(levels & 1u << VSYNC)) return EK_SYNC_FRAMES;
    return levels & 1u << HREF ? EK_SYNC_ROW : EK_SYNC_ROWS;
}

static void arm(uint8_t *frame, uint32_t bytes)
{
    armed = bytes;
    DMA_READ = PIO_RXF0;
    DMA_WRITE = (uint32_t)(uintptr_t)frame;
    DMA_COUNT = bytes;
    SM0_SHIFTCTRL = 0; /* joining empties the FIFO */
    SM0_SHIFTCTRL = JOIN_RX | AUTOPUSH | TO_LEFT | BYTES;
    PIO_FDEBUG = ALL_FLAGS;
    PIO_CTRL = RESTART;
    SM0_INSTR = JMP(0u);
    DMA_CTRL_TRIG = EN | ONTO_BYTES | INCREMENT | PIO0_RX0;
    PIO_CTRL = RUN;
}

/* Bytes in memory, with those that were still on their way. */
static uint32_t stored(void)
{
    uint32_t left = DMA_COUNT, before = ~left;
    for (uint32_t looks = 0; looks < PATIENCE && left != 0; looks++) {
        if (left == before && !(PIO_FLEVEL & RECEIVED)) break;
        before = left;
        left = DMA_COUNT;
    }
    return armed - left;
}

/* Between rows the machine waits for HREF. Seven bits more make a byte of any that were left over;
 * then the register is emptied for the next row. */
static uint32_t came(void)
{
    const uint32_t whole = stored();
    SM0_INSTR = IN_NULL(7u);
    SM0_INSTR = MOV_ISR_NULL;
    return 8u * whole + (stored() != whole);
}

static const char *trouble(void)
{
    if (DMA_CTRL_TRIG & AHB_ERROR) return EK_FAULT_TRANSFER;
    return PIO_FDEBUG & STALLED ? EK_FAULT_LOST : 0;
}

static void disarm(void)
{
    PIO_CTRL = 0;
    DMA_ABORT = 1;
    for (uint32_t looks = 0; looks < PATIENCE && (DMA_CTRL_TRIG & BUSY); looks++) {
    }
}

static const ek_sensor_mode_t *const modes[] = {&ek_hm01b0_serial_qqvga_gray8};

const ek_driver_t ek_driver = {
    .modes = modes,
    .count = sizeof modes / sizeof *modes,
    .start = start,
    .bus = {set_line, read_line, ek_driver_wait, 0},
    .source = {.look = look, .arm = arm, .came = came, .trouble = trouble, .disarm = disarm,
               .patience = EK_BOARD_HZ / 16u},
};
