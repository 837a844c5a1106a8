/* nrf_uart.c - see nrf_uart.h: the two functions of the port that move bytes. */
#include "nrf_uart.h"

#include "cortex_m.h"
#include "ek_port.h"

#define UART 0x40002000u
#define UART_START_RX EK_REG(UART + 0x000)
#define UART_START_TX EK_REG(UART + 0x008)
#define UART_RX_READY EK_REG(UART + 0x108)
#define UART_TX_READY EK_REG(UART + 0x11C)
#define UART_INTERRUPT_SET EK_REG(UART + 0x304)
#define UART_ENABLE EK_REG(UART + 0x500)
#define UART_TX_PIN EK_REG(UART + 0x50C)
#define UART_RX_PIN EK_REG(UART + 0x514)
#define UART_RX EK_REG(UART + 0x518)
#define UART_TX EK_REG(UART + 0x51C)
#define UART_BAUD EK_REG(UART + 0x524)

void ek_nrf_uart_open(uint32_t tx_pin, uint32_t rx_pin)
{
    UART_TX_PIN = tx_pin;
    UART_RX_PIN = rx_pin;
    UART_BAUD = 0x01D7E000u; /* 115200 */
    UART_ENABLE = 4;
    UART_START_RX = UART_START_TX = 1;
    UART_INTERRUPT_SET = 1u << 2; /* RXDRDY */
}

bool ek_nrf_uart_has_byte(void) { return UART_RX_READY; }

int ek_port_read(uint8_t *data, int size)
{
    int count = 0;
    while (count < size && UART_RX_READY) {
        UART_RX_READY = 0;
        data[count++] = (uint8_t)UART_RX;
    }
    return count;
}

void ek_port_write(const uint8_t *data, int size)
{
    for (int i = 0; i < size; i++) {
        UART_TX_READY = 0;
        UART_TX = data[i];
        while (!UART_TX_READY) {
        }
    }
}
