/* stm32_pins.c - pins of all STM32 families but the F1: mode, pull-up and alternate function apart.
 *
 * Chapters "General-purpose I/Os" of the reference manuals named in stm32.h.
 */
#include "board.h"
#include "ek_port.h"
#include "stm32.h"

#define MODER(port) ((port) + 0x00u)
#define PULLS(port) ((port) + 0x0Cu)
#define BSRR(port) EK_REG((port) + 0x18u)
#define FUNCTIONS(port, pin) ((port) + 0x20u + 4u * ((pin) / 8u))

enum { OUTPUT = 1, ALTERNATE = 2, PULL_UP = 1 };

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

void ek_stm32_pins(void)
{
    ek_port_trigger(true);
    set_mode(EK_BOARD_TRIGGER_PORT, EK_BOARD_TRIGGER_PIN, OUTPUT);
    give_to_uart(EK_BOARD_TX_PORT, EK_BOARD_TX_PIN);
    give_to_uart(EK_BOARD_RX_PORT, EK_BOARD_RX_PIN);
}

void ek_port_trigger(bool high)
{
    BSRR(EK_BOARD_TRIGGER_PORT) = 1u << (EK_BOARD_TRIGGER_PIN + (high ? 0 : 16));
}
