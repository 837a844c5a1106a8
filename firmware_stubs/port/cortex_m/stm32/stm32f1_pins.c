/* stm32f1_pins.c - pins of STM32F1: four bits each, of which two say what the other two mean.
 *
 * RM0041 (value line), chapter "General-purpose and alternate-function I/Os": CRL and CRH, ODR, BSRR.
 * An output that a peripheral drives is "alternate function"; which one follows from the pin.
 */
#include "board.h"
#include "ek_port.h"
#include "stm32.h"

#define CONFIGURATION(port, pin) ((port) + 4u * ((pin) / 8u))
#define BSRR(port) EK_REG((port) + 0x10u)

enum { OUTPUT_2_MHZ = 2, ALTERNATE_2_MHZ = 10, INPUT_PULLED = 8 };

static void set_mode(uint32_t port, uint32_t pin, uint32_t mode)
{
    uint32_t shift = 4 * (pin % 8);
    ek_change(CONFIGURATION(port, pin), 15u << shift, mode << shift);
}

void ek_stm32_pins(void)
{
    ek_port_trigger(true);
    set_mode(EK_BOARD_TRIGGER_PORT, EK_BOARD_TRIGGER_PIN, OUTPUT_2_MHZ);
    set_mode(EK_BOARD_TX_PORT, EK_BOARD_TX_PIN, ALTERNATE_2_MHZ);
    BSRR(EK_BOARD_RX_PORT) = 1u << EK_BOARD_RX_PIN; /* pulled up */
    set_mode(EK_BOARD_RX_PORT, EK_BOARD_RX_PIN, INPUT_PULLED);
}

void ek_port_trigger(bool high)
{
    BSRR(EK_BOARD_TRIGGER_PORT) = 1u << (EK_BOARD_TRIGGER_PIN + (high ? 0 : 16));
}
