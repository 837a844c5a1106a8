/* stm32_port.c - the port to STM32L4+, STM32H7 and STM32U5: line, counter, trigger pin.
 *
 * RM0432, RM0433, RM0399 and RM0456, chapters "General-purpose I/Os", "Universal synchronous
 * receiver transmitter", "Low-power universal asynchronous receiver transmitter" and
 * "General-purpose timers" (TIM2 0x40000000): their registers are the same. The line's FIFO holds
 * 8 bytes.
 */
#include "board.h"
#include "cycles.h"
#include "ek_port.h"
#include "stm32.h"

#define UART_CR1 EK_REG(EK_BOARD_UART + 0x00u)
#define UART_BRR EK_REG(EK_BOARD_UART + 0x0Cu)
#define UART_ISR EK_REG(EK_BOARD_UART + 0x1Cu)
#define UART_ICR EK_REG(EK_BOARD_UART + 0x20u)
#define UART_RDR EK_REG(EK_BOARD_UART + 0x24u)
#define UART_TDR EK_REG(EK_BOARD_UART + 0x28u)

enum { UE = 1, RE = 4, TE = 8, RXNEIE = 32, FIFOEN = 1 << 29 }; /* CR1 */
enum { ORE = 8, RXNE = 32, TXE = 128 };                         /* ISR, and ORE of ICR */

#define TIM2 0x40000000u
#define TIM_CR1 EK_REG(TIM2 + 0x00u)
#define TIM_EGR EK_REG(TIM2 + 0x14u)
#define TIM_CNT EK_REG(TIM2 + 0x24u)
#define TIM_PSC EK_REG(TIM2 + 0x28u)
#define TIM_ARR EK_REG(TIM2 + 0x2Cu)

enum { PRESCALER = 1024 };

#define MODER(port) ((port) + 0x00u)
#define PULLS(port) ((port) + 0x0Cu)
#define BSRR(port) EK_REG((port) + 0x18u)
#define FUNCTIONS(port, pin) ((port) + 0x20u + 4u * ((pin) / 8u))

enum { OUTPUT = 1, ALTERNATE = 2, PULL_UP = 1 };

static uint64_t counted;

static void set_mode(uint32_t port, uint32_t pin, uint32_t mode)
{
    ek_change(MODER(port), 3u << 2 * pin, mode << 2 * pin);
}

static void give_to_uart(uint32_t port, uint32_t pin)
{
    uint32_t shift = 4 * (pin % 8);
    ek_change(FUNCTIONS(port, pin), 15u << shift, EK_BOARD_UART_FUNCTION << shift);
    ek_change(PULLS(port), 3u << 2 * pin, PULL_UP << 2 * pin);
    set_mode(port, pin, ALTERNATE);
}

static void open_line(void)
{
    give_to_uart(EK_BOARD_TX_PORT, EK_BOARD_TX_PIN);
    give_to_uart(EK_BOARD_RX_PORT, EK_BOARD_RX_PIN);
    UART_CR1 = 0;
    UART_BRR = EK_BOARD_UART_DIVIDER;
    UART_CR1 = FIFOEN | TE | RE | UE | RXNEIE;
}

static void start_timer(void)
{
    TIM_PSC = PRESCALER - 1;
    TIM_ARR = 0xFFFFFFFFu;
    TIM_EGR = 1; /* takes the prescaler over */
    TIM_CR1 = 1;
}

uint64_t ek_slow_cycles(void)
{
    counted += (uint32_t)(TIM_CNT - (uint32_t)counted);
    return counted * (PRESCALER * EK_BOARD_CYCLES_PER_TIMER_CLOCK);
}

void ek_port_init(void)
{
    ek_use_vectors();
    ek_stm32_clocks();
    ek_port_trigger(true);
    set_mode(EK_BOARD_TRIGGER_PORT, EK_BOARD_TRIGGER_PIN, OUTPUT);
    open_line();
    start_timer();
    ek_cycles_start();
    ek_wake_on(EK_BOARD_UART_INTERRUPT);
}

int ek_port_read(uint8_t *data, int size)
{
    int count = 0;
    if (UART_ISR & ORE) UART_ICR = ORE; /* bytes that came during a window are gone */
    while (count < size && (UART_ISR & RXNE)) data[count++] = (uint8_t)UART_RDR;
    return count;
}

void ek_port_write(const uint8_t *data, int size)
{
    for (int i = 0; i < size; i++) {
        while (!(UART_ISR & TXE)) {
        }
        UART_TDR = data[i];
    }
}

void ek_port_trigger(bool high)
{
    BSRR(EK_BOARD_TRIGGER_PORT) = 1u << (EK_BOARD_TRIGGER_PIN + (high ? 0 : 16));
}

void ek_port_sleep(void)
{
    if (UART_ISR & (RXNE | ORE)) return;
    ek_wait_for_interrupt();
    ek_cycles_woke();
}

void ek_port_info(ek_port_info_t *info)
{
    *info = (ek_port_info_t){
        .board = EK_BOARD_NAME,
        .counter = "cycles",
        .counter_hz = EK_BOARD_HZ,
        .baud = EK_BOARD_BAUD,
        .stack_bytes = ek_stack_bytes(),
        .stack_used = ek_stack_used(),
    };
}
