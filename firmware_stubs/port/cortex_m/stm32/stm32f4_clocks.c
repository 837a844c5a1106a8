/* stm32f4_clocks.c - STM32F2, STM32F4 and STM32F7: HSI 16 MHz / 8 * N / P.
 *
 * RM0033 (F207), RM0368 (F401), RM0383 (F411), RM0090 (F407), RM0390 (F446), RM0385 (F746) and RM0410
 * (F767), chapters "Power control" (PWR 0x40007000: voltage scaling, which STM32F2 has not, and
 * over-drive), "Reset and clock control" (RCC 0x40023800) and "Embedded Flash memory interface"
 * (0x40023C00; wait states by clock at 2.7 to 3.6 V).
 */
#include "board.h"
#include "m7.h"
#include "stm32.h"

#define PWR_CR 0x40007000u
#define PWR_CSR 0x40007004u
#define FLASH_ACR 0x40023C00u
#define RCC 0x40023800u
#define RCC_CR (RCC + 0x00u)
#define RCC_PLLCFGR (RCC + 0x04u)
#define RCC_CFGR (RCC + 0x08u)
#define RCC_AHB1ENR EK_REG(RCC + 0x30u)
#define RCC_APB1ENR EK_REG(RCC + 0x40u)
#define RCC_APB2ENR EK_REG(RCC + 0x44u)

enum { PLL_ON = 1 << 24, PLL_READY = 1 << 25, SOURCE_PLL = 2 };
enum { VOS_READY = 1 << 14, OVERDRIVE = 1 << 16, OVERDRIVE_SWITCH = 1 << 17 };
enum { M = 8, Q = 9, N = EK_BOARD_HZ / 1000000 * EK_BOARD_PLL_P / (16 / M) };

_Static_assert(N >= 100 && N <= 216, "VCO within 200 to 432 MHz");

static void start_pll(void)
{
    const uint32_t fields = 0x3Fu | 0x1FFu << 6 | 3u << 16 | 1u << 22 | 15u << 24;
    RCC_APB1ENR |= 1u << 28; /* PWREN */
    (void)RCC_APB1ENR;
    if (EK_BOARD_VOLTAGE_SCALE) ek_change(PWR_CR, 3u << 14, EK_BOARD_VOLTAGE_SCALE << 14);
    ek_change(RCC_PLLCFGR, fields, M | N << 6 | (EK_BOARD_PLL_P / 2u - 1u) << 16 | Q << 24);
    ek_change(RCC_CR, PLL_ON, PLL_ON);
}

static void start_overdrive(void)
{
    ek_change(PWR_CR, OVERDRIVE, OVERDRIVE);
    ek_await(PWR_CSR, OVERDRIVE, OVERDRIVE);
    ek_change(PWR_CR, OVERDRIVE_SWITCH, OVERDRIVE_SWITCH);
    ek_await(PWR_CSR, OVERDRIVE_SWITCH, OVERDRIVE_SWITCH);
}

static void run_from_pll(void)
{
    if (EK_BOARD_VOLTAGE_SCALE) ek_await(PWR_CSR, VOS_READY, VOS_READY);
    if (EK_BOARD_OVERDRIVE) start_overdrive();
    EK_REG(FLASH_ACR) = EK_BOARD_FLASH_ACCESS;
    ek_await(FLASH_ACR, 15, EK_BOARD_FLASH_ACCESS & 15u);
    ek_change(RCC_CFGR, 0xFCF0u, EK_BOARD_BUS_DIVIDERS);
    ek_change(RCC_CFGR, 3, SOURCE_PLL);
    ek_await(RCC_CFGR, 3 << 2, SOURCE_PLL << 2);
}

void ek_stm32_clocks(void)
{
    start_pll();
    if (ek_stm32_pll_locks(RCC_CR, PLL_READY)) run_from_pll();
    if (EK_BOARD_M7) ek_m7_start();
    RCC_AHB1ENR |= EK_BOARD_GPIO_CLOCKS;
    RCC_APB1ENR |= 1u | EK_BOARD_UART_CLOCK_APB1; /* TIM2 */
    RCC_APB2ENR |= EK_BOARD_UART_CLOCK_APB2;
    (void)RCC_APB2ENR;
}
