/* stm32f4_usart.c - the line of STM32F1, F2 and F4, whose USART has one data register and no FIFO.
 *
 * RM0041, RM0033 and RM0390, chapter "Universal synchronous receiver transmitter": reading SR and then DR clears ORE.
 */
#include "board.h"
#include "ek_port.h"
#include "stm32.h"

#define UART_SR EK_REG(EK_BOARD_UART + 0x00u)
#define UART_DR EK_REG(EK_BOARD_UART + 0x04u)
#define UART_BRR EK_REG(EK_BOARD_UART + 0x08u)
#define UART_CR1 EK_REG(EK_BOARD_UART + 0x0Cu)

enum { RE = 4, TE = 8, RXNEIE = 32, UE = 1 << 13 }; /* CR1 */
enum { ORE = 8, RXNE = 32, TXE = 128 };             /* SR */

void ek_stm32_open_line(void)
{
    UART_CR1 = 0;
    UART_BRR = EK_BOARD_UART_DIVIDER;
    UART_CR1 = TE | RE | UE | RXNEIE;
}

bool ek_stm32_has_byte(void) { return UART_SR & (RXNE | ORE); }

int ek_port_read(uint8_t *data, int size)
{
    int count = 0;
    while (count < size && (UART_SR & (RXNE | ORE))) {
        const bool fresh = UART_SR & RXNE;
        const uint8_t byte = (uint8_t)UART_DR;
        if (fresh) data[count++] = byte;
    }
    return count;
}

void ek_port_write(const uint8_t *data, int size)
{
    for (int i = 0; i < size; i++) {
        while (!(UART_SR & TXE)) {
        }
        UART_DR = data[i];
    }
}
