/* stm32_port.c - the port to STM32F4, STM32L4+, STM32H7 and STM32U5: counter, pins.
 *
 * RM0390, RM0432, RM0433, RM0399 and RM0456, chapters "General-purpose I/Os" and "General-purpose
 * timers" (TIM2 0x40000000): their registers are the same. The line is in stm32_usart.c, of
 * STM32F4 in stm32f4_usart.c.
 */
#include "board.h"
#include "cycles.h"
#include "ek_port.h"
#include "stm32.h"

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
    ek_stm32_open_line();
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

void ek_port_trigger(bool high)
{
    BSRR(EK_BOARD_TRIGGER_PORT) = 1u << (EK_BOARD_TRIGGER_PIN + (high ? 0 : 16));
}

void ek_port_sleep(void)
{
    if (ek_stm32_has_byte()) return;
    ek_wait_for_interrupt();
    ek_cycles_woke();
}
