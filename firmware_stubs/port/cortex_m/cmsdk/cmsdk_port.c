/* cmsdk_port.c - the port to Arm's MPS2 and MPS3 images: CMSDK UARTs and the FPGAIO counters.
 *
 * Counter: FPGAIO counts COUNTER up at EK_BOARD_TIMER_HZ (32 bits) and CLK1HZ once a second from
 * the same clock, so both together are one 64-bit count, with no interrupt that would have to be
 * counted. Under QEMU's -icount every instruction takes 2^shift ns of it.
 *
 * Trigger: a virtual board has no pin to probe. UART1 carries "F<ticks>" and "R<ticks>" lines,
 * both sent after the window so that formatting them takes no part in it.
 */
#include "board.h"
#include "cortex_m.h"
#include "ek_port.h"
#include "ek_text.h"

typedef struct {
    volatile uint32_t data, state, control, interrupt, divider;
} uart_t;

enum { TX_FULL = 1, RX_FULL = 2, TX_ENABLE = 1, RX_ENABLE = 2, RX_INTERRUPT = 8 };

#define LINE ((uart_t *)EK_BOARD_UART0)
#define TRIGGER ((uart_t *)EK_BOARD_UART1)
#define CLK1HZ (*(const volatile uint32_t *)(EK_BOARD_FPGAIO + 0x10))
#define COUNTER (*(const volatile uint32_t *)(EK_BOARD_FPGAIO + 0x18))

#define BAUD 115200u

static bool trigger_high = true;
static uint64_t fell_at;

void ek_port_init(void)
{
    LINE->divider = TRIGGER->divider = EK_BOARD_TIMER_HZ / BAUD;
    LINE->control = TX_ENABLE | RX_ENABLE | RX_INTERRUPT;
    TRIGGER->control = TX_ENABLE;
    ek_wake_on_interrupts();
}

int ek_port_read(uint8_t *data, int size)
{
    int count = 0;
    while (count < size && (LINE->state & RX_FULL)) data[count++] = (uint8_t)LINE->data;
    return count;
}

static void put(uart_t *uart, uint8_t byte)
{
    while (uart->state & TX_FULL) {
    }
    uart->data = byte;
}

void ek_port_write(const uint8_t *data, int size)
{
    for (int i = 0; i < size; i++) put(LINE, data[i]);
}

/* Seconds first: the counter read after them is never behind them. */
uint64_t ek_port_cycles(void)
{
    uint64_t ticks = (uint64_t)CLK1HZ * EK_BOARD_TIMER_HZ;
    return ticks + (uint32_t)(COUNTER - (uint32_t)ticks);
}

static void record(char edge, uint64_t ticks)
{
    char text[20];
    int length = ek_format_u64(text, ticks);
    put(TRIGGER, (uint8_t)edge);
    for (int i = 0; i < length; i++) put(TRIGGER, (uint8_t)text[i]);
    put(TRIGGER, '\n');
}

void ek_port_trigger(bool high)
{
    uint64_t now = ek_port_cycles();
    bool rose = high && !trigger_high;
    trigger_high = high;
    if (!high) fell_at = now;
    if (!rose) return;
    record('F', fell_at);
    record('R', now);
}

/* Interrupts are masked: a byte that arrives between the look and the WFI still ends it. */
void ek_port_sleep(void)
{
    if (LINE->state & RX_FULL) return;
    ek_wait_for_interrupt();
    LINE->interrupt = 0xF;
}

void ek_port_info(ek_port_info_t *info)
{
    *info = (ek_port_info_t){
        .board = EK_BOARD_NAME,
        .counter = "instructions",
        .counter_hz = EK_BOARD_TIMER_HZ,
        .baud = BAUD,
        .stack_bytes = ek_stack_bytes(),
        .stack_used = ek_stack_used(),
    };
}
