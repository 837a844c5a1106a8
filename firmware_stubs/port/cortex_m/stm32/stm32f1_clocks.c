/* stm32f1_clocks.c - STM32F100 at 24 MHz: HSI 8 MHz / 2 * 6.
 *
 * RM0041, chapter "Reset and clock control" (RCC 0x40021000): after reset HSI is on and chosen, and all
 * prescalers are 1; flash of the value line needs no wait state up to 24 MHz.
 */
#include "board.h"
#include "stm32.h"

#define RCC 0x40021000u
#define RCC_CR (RCC + 0x00u)
#define RCC_CFGR (RCC + 0x04u)
#define RCC_APB2ENR EK_REG(RCC + 0x18u)
#define RCC_APB1ENR EK_REG(RCC + 0x1Cu)

enum { PLL_ON = 1 << 24, PLL_READY = 1 << 25, SOURCE_PLL = 2, TIMES_6 = 4 << 18 };

void ek_stm32_clocks(void)
{
    ek_change(RCC_CFGR, 0x3F0000u, TIMES_6); /* of HSI / 2 */
    ek_change(RCC_CR, PLL_ON, PLL_ON);
    if (ek_stm32_pll_locks(RCC_CR, PLL_READY)) ek_change(RCC_CFGR, 3, SOURCE_PLL);
    RCC_APB2ENR |= EK_BOARD_GPIO_CLOCKS | EK_BOARD_UART_CLOCK_APB2;
    RCC_APB1ENR |= 1u; /* TIM2 */
    (void)RCC_APB1ENR;
}
