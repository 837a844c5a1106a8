/* stm32_usart.c - the line of STM32F7, STM32L4, STM32L4+, STM32H7 and STM32U5: USART and LPUART, in the
 * last three with a FIFO of 8 bytes.
 *
 * RM0385, RM0410, RM0351, RM0432, RM0433, RM0399 and RM0456, chapters "Universal synchronous receiver
 * transmitter" and "Low-power universal asynchronous receiver transmitter".
 */
#include "board.h"
#include "ek_port.h"
#include "stm32.h"

#define UART_CR1 EK_REG(EK_BOARD_UART + 0x00u)
#define UART_BRR EK_REG(EK_BOARD_UART + 0x0Cu)
#define UART_ISR EK_REG(EK_BOARD_UART + 0x1Cu)
#define UART_ICR EK_REG(EK_BOARD_UART + 0x20u)
#define UART_RDR EK_REG(EK_BOARD_UART + 0x24u)
#define UART_TDR EK_REG(EK_BOARD_UART + 0x28u)

enum { UE = 1, RE = 4, TE = 8, RXNEIE = 32 }; /* CR1 */
enum { ORE = 8, RXNE = 32, TXE = 128 };                         /* ISR, and ORE of ICR */

void ek_stm32_open_line(void)
{
    UART_CR1 = 0;
    UART_BRR = EK_BOARD_UART_DIVIDER;
    UART_CR1 = EK_BOARD_UART_FIFO << 29 | TE | RE | UE | RXNEIE;
}

bool ek_stm32_has_byte(void) { return UART_ISR & (RXNE | ORE); }

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
