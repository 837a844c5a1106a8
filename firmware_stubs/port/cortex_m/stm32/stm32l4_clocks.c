/* stm32l4_clocks.c - STM32L4 and STM32L4+: HSI16 / 2 * N / 2, range 1, with boost above 80 MHz.
 *
 * RM0351 (STM32L4x5 and x6) and RM0432 (STM32L4+): chapters "Power control" (PWR 0x40007000), "Reset
 * and clock control" (RCC 0x40021000) and "Embedded Flash memory" (0x40022000; wait states by clock and
 * range). From below 80 MHz an STM32L4+ has its AHB clock halved for a microsecond on the way up.
 */
#include "board.h"
#include "stm32.h"

#define PWR 0x40007000u
#define RCC 0x40021000u
#define FLASH_ACR 0x40022000u

#define PWR_CR1 (PWR + 0x00u)
#define PWR_CR2 (PWR + 0x04u)
#define PWR_SR2 (PWR + 0x14u)
#define PWR_CR5 (PWR + 0x80u)
#define RCC_CR (RCC + 0x00u)
#define RCC_CFGR (RCC + 0x08u)
#define RCC_PLLCFGR (RCC + 0x0Cu)
#define RCC_AHB2ENR (RCC + 0x4Cu)
#define RCC_APB1ENR1 (RCC + 0x58u)
#define RCC_APB1ENR2 (RCC + 0x5Cu)
#define RCC_APB2ENR (RCC + 0x60u)
#define RCC_CCIPR (RCC + 0x88u)

enum { HSI_ON = 1 << 8, HSI_READY = 1 << 10, PLL_ON = 1 << 24, PLL_READY = 1 << 25 };
enum { SOURCE_HSI = 1, SOURCE_PLL = 3, AHB_HALF = 8 << 4, N = EK_BOARD_HZ / 4000000 };

static void choose_source(uint32_t source)
{
    ek_change(RCC_CFGR, 3, source);
    ek_await(RCC_CFGR, 3 << 2, source << 2);
}

static void raise_voltage(void)
{
    EK_REG(RCC_APB1ENR1) |= 1u << 28; /* PWREN */
    (void)EK_REG(RCC_APB1ENR1);
    ek_change(PWR_CR1, 3u << 9, 1u << 9); /* VOS: range 1 */
    ek_await(PWR_SR2, 1u << 10, 0);       /* VOSF */
    if (EK_BOARD_BOOST) ek_change(PWR_CR5, 1u << 8, 0); /* R1MODE */
    ek_change(FLASH_ACR, 15, EK_BOARD_WAIT_STATES);
    ek_await(FLASH_ACR, 15, EK_BOARD_WAIT_STATES);
    EK_REG(FLASH_ACR) |= 1u << 8 | 1u << 9 | 1u << 10; /* prefetch, both caches */
}

static void start_pll(void)
{
    ek_change(RCC_CR, PLL_ON, 0);
    ek_await(RCC_CR, PLL_READY, 0);
    EK_REG(RCC_PLLCFGR) = 2u | 1u << 4 | N << 8 | 1u << 24; /* HSI16, M 2, N, R 2 on */
    ek_change(RCC_CR, PLL_ON, PLL_ON);
    ek_await(RCC_CR, PLL_READY, PLL_READY);
}

void ek_stm32_clocks(void)
{
    ek_change(RCC_CR, HSI_ON, HSI_ON);
    ek_await(RCC_CR, HSI_READY, HSI_READY);
    choose_source(SOURCE_HSI);
    raise_voltage();
    start_pll();
    ek_change(RCC_CFGR, 0x3FF0, AHB_HALF); /* AHB halved, both APBs whole */
    choose_source(SOURCE_PLL);
    for (volatile int i = 0; i < 60; i++) {
    }
    ek_change(RCC_CFGR, 15u << 4, 0);
    EK_REG(RCC_AHB2ENR) |= EK_BOARD_GPIO_CLOCKS;
    EK_REG(RCC_APB1ENR1) |= 1u | EK_BOARD_UART_CLOCK_APB1; /* TIM2 */
    EK_REG(RCC_APB1ENR2) |= EK_BOARD_UART_CLOCK_APB1_2;
    EK_REG(RCC_APB2ENR) |= EK_BOARD_UART_CLOCK_APB2;
    ek_change(RCC_CCIPR, 3u << EK_BOARD_UART_SOURCE, 2u << EK_BOARD_UART_SOURCE); /* HSI16 */
    EK_REG(PWR_CR2) |= 1u << 9; /* IOSV: port G has a supply of its own */
    (void)EK_REG(RCC_APB2ENR);
}
