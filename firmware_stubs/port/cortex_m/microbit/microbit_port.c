/* microbit_port.c - the port to the nRF51822, on the board and in QEMU's `microbit` machine.
 *
 * nRF51 Reference Manual 3.0, chapters 13 (CLOCK 0x40000000), 14 (GPIO) and 18 (TIMER). Core and timer
 * run from the 16 MHz crystal.
 *
 * Counter: TIMER0 at 16 MHz, 32 bits, extended in software; it stands still while the core
 * sleeps, so an idle board is idle (under -icount a running timer would be all there is to wait
 * for). One window may last 268 seconds of it.
 *
 * Trigger: the pin, and, because QEMU's nRF51 has one UART only, the same "F<ticks>" and
 * "R<ticks>" lines that the other virtual boards send on UART1, written to the semihosting
 * console. Built for the board, without EK_SEMIHOSTING, there is only the pin.
 */
#include "board.h"
#include "cortex_m.h"
#include "ek_port.h"
#include "ek_text.h"
#include "nrf_uart.h"

#define CLOCK_START_CRYSTAL EK_REG(0x40000000u)
#define CLOCK_STARTED EK_REG(0x40000100u)

#define TIMER_START EK_REG(EK_BOARD_TIMER0 + 0x000)
#define TIMER_STOP EK_REG(EK_BOARD_TIMER0 + 0x004)
#define TIMER_CAPTURE EK_REG(EK_BOARD_TIMER0 + 0x040)
#define TIMER_BITS EK_REG(EK_BOARD_TIMER0 + 0x508)
#define TIMER_PRESCALER EK_REG(EK_BOARD_TIMER0 + 0x510)
#define TIMER_CAPTURED EK_REG(EK_BOARD_TIMER0 + 0x540)

#define GPIO_SET EK_REG(0x50000508u)
#define GPIO_CLEAR EK_REG(0x5000050Cu)
#define GPIO_OUTPUT EK_REG(0x50000518u)
#define GPIO_CONFIG(pin) EK_REG(0x50000700u + 4u * (pin))
#define BIT(pin) (1u << (pin))

static bool trigger_high = true;
static uint64_t fell_at, counted;

static void start_crystal(void)
{
    CLOCK_STARTED = 0;
    CLOCK_START_CRYSTAL = 1;
    while (!CLOCK_STARTED) {
    }
}

void ek_port_init(void)
{
    start_crystal();
    GPIO_SET = BIT(EK_BOARD_TX_PIN) | BIT(EK_BOARD_TRIGGER_PIN); /* an idle line is high */
    GPIO_OUTPUT = BIT(EK_BOARD_TX_PIN) | BIT(EK_BOARD_TRIGGER_PIN);
    GPIO_CONFIG(EK_BOARD_RX_PIN) = 0; /* input */
    ek_nrf_uart_open(EK_BOARD_TX_PIN, EK_BOARD_RX_PIN);
    TIMER_BITS = 3; /* 32 */
    TIMER_PRESCALER = 0;
    TIMER_START = 1;
    ek_wake_on_interrupts();
}

uint64_t ek_port_cycles(void)
{
    TIMER_CAPTURE = 1;
    counted += (uint32_t)(TIMER_CAPTURED - (uint32_t)counted);
    return counted;
}

#ifdef EK_SEMIHOSTING
#define COUNTER "instructions" /* of the virtual board, which takes as long for each */
static void record(char edge, uint64_t ticks)
{
    char text[24];
    text[0] = edge;
    int length = 1 + ek_format_u64(text + 1, ticks);
    text[length++] = '\n';
    text[length] = 0;
    register uint32_t operation __asm("r0") = 4; /* SYS_WRITE0 */
    register const char *argument __asm("r1") = text;
    __asm volatile("bkpt 0xAB" : "+r"(operation) : "r"(argument) : "memory");
}
#else
#define COUNTER "cycles"
static void record(char edge, uint64_t ticks)
{
    (void)edge;
    (void)ticks;
}
#endif

void ek_port_trigger(bool high)
{
    if (high) GPIO_SET = BIT(EK_BOARD_TRIGGER_PIN);
    else GPIO_CLEAR = BIT(EK_BOARD_TRIGGER_PIN);
    uint64_t now = ek_port_cycles();
    bool rose = high && !trigger_high;
    trigger_high = high;
    if (!high) fell_at = now;
    if (!rose) return;
    record('F', fell_at);
    record('R', now);
}

void ek_port_sleep(void)
{
    if (ek_nrf_uart_has_byte()) return;
    (void)ek_port_cycles();
    TIMER_STOP = 1;
    ek_wait_for_interrupt();
    TIMER_START = 1;
}

void ek_port_info(ek_port_info_t *info)
{
    *info = (ek_port_info_t){
        .board = EK_BOARD_NAME,
        .counter = COUNTER,
        .counter_hz = EK_BOARD_HZ,
        .baud = EK_BOARD_BAUD,
        .stack_bytes = ek_stack_bytes(),
        .stack_used = ek_stack_used(),
    };
}
