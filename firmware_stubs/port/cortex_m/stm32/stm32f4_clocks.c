/* stm32f4_clocks.c - STM32F4 at 16 MHz: HSI, on which the chip starts, and no PLL.
 *
 * RM0390, chapter "Reset and clock control" (RCC 0x40023800): after reset HSI is on and chosen, all
 * prescalers are 1, and flash needs no wait state at this clock. One instruction takes the cycles
 * that its core needs, therefore, whatever the flash.
 */
#include "board.h"
#include "stm32.h"

#define RCC_AHB1ENR EK_REG(0x40023830u)
#define RCC_APB1ENR EK_REG(0x40023840u)

void ek_stm32_clocks(void)
{
    RCC_AHB1ENR |= EK_BOARD_GPIO_CLOCKS;
    RCC_APB1ENR |= 1u | EK_BOARD_UART_CLOCK_APB1; /* TIM2 */
    (void)RCC_APB1ENR;
}
