/* nrf52_port.c - the port to Nordic's nRF52840.
 *
 * nRF52840 Product Specification 1.8: CLOCK 0x40000000 (5.4), NVMC 0x4001E000 (4.3), TIMER0
 * 0x40008000 (6.30), GPIO 0x50000000 and 0x50000300 (6.9). Core and timer run from the 32 MHz
 * crystal: 64 and 16 MHz, so that a count of TIMER0, which divides by 2^6, is
 * 256 cycles of the core.
 */
#include "board.h"
#include "cortex_m.h"
#include "cycles.h"
#include "ek_port.h"
#include "nrf_uart.h"

#define CLOCK_START_CRYSTAL EK_REG(0x40000000u)
#define CLOCK_STATUS EK_REG(0x4000040Cu)
#define FLASH_CACHE EK_REG(0x4001E540u)

#define TIMER 0x40008000u
#define TIMER_START EK_REG(TIMER + 0x000)
#define TIMER_CLEAR EK_REG(TIMER + 0x00C)
#define TIMER_CAPTURE EK_REG(TIMER + 0x040)
#define TIMER_MODE EK_REG(TIMER + 0x504)
#define TIMER_BITS EK_REG(TIMER + 0x508)
#define TIMER_PRESCALER EK_REG(TIMER + 0x510)
#define TIMER_CAPTURED EK_REG(TIMER + 0x540)

#define GPIO(pin) (0x50000000u + ((pin) / 32u) * 0x300u)
#define GPIO_SET(pin) EK_REG(GPIO(pin) + 0x508u)
#define GPIO_CLEAR(pin) EK_REG(GPIO(pin) + 0x50Cu)
#define GPIO_OUTPUT(pin) EK_REG(GPIO(pin) + 0x518u)
#define GPIO_CONFIG(pin) EK_REG(GPIO(pin) + 0x700u + 4u * ((pin) % 32u))
#define BIT(pin) (1u << (pin) % 32u)

enum { UART_INTERRUPT = 2, PRESCALER = 6, CYCLES_PER_COUNT = 4 << PRESCALER };

static uint64_t counted;

static void start_clocks(void)
{
    const uint32_t runs_on_crystal = 1u << 16 | 1u; /* a bootloader may have started it */
    CLOCK_START_CRYSTAL = 1;
    while ((CLOCK_STATUS & runs_on_crystal) != runs_on_crystal) {
    }
    FLASH_CACHE = 1; /* ICACHECNF */
}

static void start_timer(void)
{
    TIMER_MODE = 0;
    TIMER_BITS = 3; /* 32 */
    TIMER_PRESCALER = PRESCALER;
    TIMER_CLEAR = 1;
    TIMER_START = 1;
}

uint64_t ek_slow_cycles(void)
{
    TIMER_CAPTURE = 1;
    counted += (uint32_t)(TIMER_CAPTURED - (uint32_t)counted);
    return counted * CYCLES_PER_COUNT;
}

void ek_port_init(void)
{
    ek_use_vectors();
    start_clocks();
    GPIO_SET(EK_BOARD_TX_PIN) = BIT(EK_BOARD_TX_PIN); /* an idle line is high */
    GPIO_OUTPUT(EK_BOARD_TX_PIN) = BIT(EK_BOARD_TX_PIN);
    GPIO_CONFIG(EK_BOARD_RX_PIN) = 3u << 2; /* input, pulled up */
    GPIO_SET(EK_BOARD_TRIGGER_PIN) = BIT(EK_BOARD_TRIGGER_PIN);
    GPIO_OUTPUT(EK_BOARD_TRIGGER_PIN) = BIT(EK_BOARD_TRIGGER_PIN);
    ek_nrf_uart_open(EK_BOARD_TX_PIN, EK_BOARD_RX_PIN);
    start_timer();
    ek_cycles_start();
    ek_wake_on(UART_INTERRUPT);
}

void ek_port_trigger(bool high)
{
    if (high) GPIO_SET(EK_BOARD_TRIGGER_PIN) = BIT(EK_BOARD_TRIGGER_PIN);
    else GPIO_CLEAR(EK_BOARD_TRIGGER_PIN) = BIT(EK_BOARD_TRIGGER_PIN);
}

void ek_port_sleep(void)
{
    if (ek_nrf_uart_has_byte()) return;
    ek_wait_for_interrupt();
    ek_cycles_woke();
}
