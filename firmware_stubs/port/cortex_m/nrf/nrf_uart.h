/* nrf_uart.h - UART0 and pins of Nordic's nRF51 and nRF52, where they are the same.
 *
 * nRF51 Reference Manual 3.0, chapters 29 (UART) and 14 (GPIO); nRF52840 Product Specification
 * 1.8, chapters 6.33 (UART) and 6.9 (GPIO).
 */
#ifndef EK_NRF_UART_H
#define EK_NRF_UART_H

#include <stdbool.h>
#include <stdint.h>

/* Opens the line at 115200 baud on two pins (PSEL: pin, plus 32 for port 1). */
void ek_nrf_uart_open(uint32_t tx_pin, uint32_t rx_pin);

/* Whether a byte has arrived. */
bool ek_nrf_uart_has_byte(void);

#endif
