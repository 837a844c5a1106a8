/* rp2_port.c - the port to RP2040 and RP2350: crystal, PLL, line and trigger pin.
 *
 * RP2040 Datasheet and RP2350 Datasheet, chapters "Resets", "Clocks", "Crystal oscillator", "PLL",
 * "GPIO", "UART" (Arm PL011, DDI 0183) and "Timer": the blocks are the same, their addresses are in
 * board.h. Writing a block's address + 0x3000 clears bits ("Atomic register access").
 */
#include "rp2.h"

#include "board.h"
#include "cortex_m.h"
#include "ek_port.h"

#define RESETS_CLEAR EK_REG(EK_BOARD_RESETS + 0x3000u)
#define RESETS_DONE EK_REG(EK_BOARD_RESETS + 0x08u)

#define XOSC_CTRL EK_REG(EK_BOARD_XOSC + 0x00u)
#define XOSC_STATUS EK_REG(EK_BOARD_XOSC + 0x04u)
#define XOSC_STARTUP EK_REG(EK_BOARD_XOSC + 0x0Cu)

#define CLK_REF_CTRL EK_REG(EK_BOARD_CLOCKS + 0x30u)
#define CLK_REF_SELECTED EK_REG(EK_BOARD_CLOCKS + 0x38u)
#define CLK_SYS_CTRL EK_REG(EK_BOARD_CLOCKS + 0x3Cu)
#define CLK_SYS_SELECTED EK_REG(EK_BOARD_CLOCKS + 0x44u)
#define CLK_PERI_CTRL EK_REG(EK_BOARD_CLOCKS + 0x48u)

#define PLL_CS EK_REG(EK_BOARD_PLL + 0x00u)
#define PLL_POWER EK_REG(EK_BOARD_PLL + 0x04u)
#define PLL_FEEDBACK EK_REG(EK_BOARD_PLL + 0x08u)
#define PLL_DIVIDERS EK_REG(EK_BOARD_PLL + 0x0Cu)

#define PIN_FUNCTION(pin) EK_REG(EK_BOARD_IO + 8u * (pin) + 4u)
#define PIN_PAD(pin) EK_REG(EK_BOARD_PADS + 4u * (pin) + 4u)

#define UART_DATA EK_REG(EK_BOARD_UART + 0x00u)
#define UART_FLAGS EK_REG(EK_BOARD_UART + 0x18u)
#define UART_WHOLE EK_REG(EK_BOARD_UART + 0x24u)
#define UART_FRACTION EK_REG(EK_BOARD_UART + 0x28u)
#define UART_FORMAT EK_REG(EK_BOARD_UART + 0x2Cu)
#define UART_CONTROL EK_REG(EK_BOARD_UART + 0x30u)
#define UART_LEVELS EK_REG(EK_BOARD_UART + 0x34u)
#define UART_INTERRUPTS EK_REG(EK_BOARD_UART + 0x38u)

#define TIMER_HIGH EK_REG(EK_BOARD_TIMER + 0x24u)
#define TIMER_LOW EK_REG(EK_BOARD_TIMER + 0x28u)

enum { CRYSTAL_MHZ = 12, VCO_MHZ = 1500 }; /* VCO within 750 to 1600 MHz */
enum { POST_1 = VCO_MHZ / 2 / (EK_BOARD_HZ / 1000000), POST_2 = 2 };
enum { RX_EMPTY = 1 << 4, TX_FULL = 1 << 5, RX_INTERRUPT = 1 << 4, RX_TIMEOUT = 1 << 6 };
enum { FUNCTION_UART = 2, FUNCTION_SIO = 5, TX_PIN = 0, RX_PIN = 1 };
enum { PAD_SCHMITT = 2, PAD_PULL_UP = 8, PAD_4_MA = 1 << 4, PAD_INPUT = 1 << 6 };

_Static_assert(VCO_MHZ / POST_1 / POST_2 * 1000000 == EK_BOARD_HZ, "dividers give the clock");

static void start_crystal(void)
{
    XOSC_STARTUP = 47; /* times 256 cycles: a millisecond */
    XOSC_CTRL = 0xFABAA0u;
    while (!(XOSC_STATUS & 1u << 31)) {
    }
    CLK_REF_CTRL = 2; /* crystal */
    while (!(CLK_REF_SELECTED & 1u << 2)) {
    }
}

static void start_pll(void)
{
    CLK_SYS_CTRL = 0; /* the reference, whatever ran before */
    while (!(CLK_SYS_SELECTED & 1u)) {
    }
    PLL_POWER = 0x2Du; /* all off */
    PLL_CS = 1;        /* crystal undivided */
    PLL_FEEDBACK = VCO_MHZ / CRYSTAL_MHZ;
    PLL_POWER = 0x0Cu; /* core and VCO on, dividers off */
    while (!(PLL_CS & 1u << 31)) {
    }
    PLL_DIVIDERS = POST_1 << 16 | POST_2 << 12;
    PLL_POWER = 0x04u;
    CLK_SYS_CTRL = 1; /* auxiliary source 0, the PLL */
    while (!(CLK_SYS_SELECTED & 2u)) {
    }
    CLK_PERI_CTRL = 1u << 11; /* from the system clock */
}

static void set_pin(uint32_t pin, uint32_t pad, uint32_t function)
{
    PIN_PAD(pin) = pad; /* on RP2350 this also ends the pad's isolation, bit 8 */
    PIN_FUNCTION(pin) = function;
}

static void open_line(void)
{
    const uint32_t divider = (EK_BOARD_HZ * 4u + EK_BOARD_BAUD / 2) / EK_BOARD_BAUD; /* 64ths of a 16th */
    set_pin(TX_PIN, PAD_SCHMITT | PAD_4_MA | PAD_INPUT, FUNCTION_UART);
    set_pin(RX_PIN, PAD_SCHMITT | PAD_4_MA | PAD_INPUT | PAD_PULL_UP, FUNCTION_UART);
    UART_WHOLE = divider / 64;
    UART_FRACTION = divider % 64;
    UART_FORMAT = 3u << 5 | 1u << 4; /* 8 bits, FIFOs */
    UART_LEVELS = 0;
    UART_INTERRUPTS = RX_INTERRUPT | RX_TIMEOUT;
    UART_CONTROL = 1u << 9 | 1u << 8 | 1u;
}

uint64_t ek_slow_cycles(void)
{
    uint32_t high = TIMER_HIGH, low = TIMER_LOW;
    while (high != TIMER_HIGH) {
        high = TIMER_HIGH;
        low = TIMER_LOW;
    }
    return ((uint64_t)high << 32 | low) * (EK_BOARD_HZ / 1000000u);
}

void ek_rp2_start(void)
{
    ek_use_vectors();
    RESETS_CLEAR = EK_BOARD_RESET_BITS & ~EK_BOARD_RESET_UART;
    while ((RESETS_DONE & EK_BOARD_RESET_BITS & ~EK_BOARD_RESET_UART) !=
           (EK_BOARD_RESET_BITS & ~EK_BOARD_RESET_UART)) {
    }
    start_crystal();
    start_pll();
    RESETS_CLEAR = EK_BOARD_RESET_UART; /* needs its clock to leave reset */
    while (!(RESETS_DONE & EK_BOARD_RESET_UART)) {
    }
    ek_port_trigger(true);
    set_pin(EK_BOARD_TRIGGER_PIN, PAD_SCHMITT | PAD_4_MA, FUNCTION_SIO);
    EK_REG(EK_BOARD_OUTPUT_ENABLE) = 1u << EK_BOARD_TRIGGER_PIN;
    open_line();
    ek_wake_on(EK_BOARD_UART_INTERRUPT);
}

int ek_port_read(uint8_t *data, int size)
{
    int count = 0;
    while (count < size && !(UART_FLAGS & RX_EMPTY)) data[count++] = (uint8_t)UART_DATA;
    return count;
}

void ek_port_write(const uint8_t *data, int size)
{
    for (int i = 0; i < size; i++) {
        while (UART_FLAGS & TX_FULL) {
        }
        UART_DATA = data[i];
    }
}

void ek_port_trigger(bool high)
{
    EK_REG(high ? EK_BOARD_OUTPUT_SET : EK_BOARD_OUTPUT_CLEAR) = 1u << EK_BOARD_TRIGGER_PIN;
}

bool ek_rp2_has_byte(void) { return !(UART_FLAGS & RX_EMPTY); }
