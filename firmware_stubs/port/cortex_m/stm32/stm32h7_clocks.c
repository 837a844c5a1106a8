/* stm32h7_clocks.c - STM32H743 and the Cortex-M7 of STM32H747: HSI 64 MHz / 4 * N / 2.
 *
 * RM0433 (RM0399 has the same registers): chapters "Power control" (PWR 0x58024800; voltage scaling
 * and VOS0), "Reset and Clock Control" (RCC 0x58024400), "Embedded Flash memory" (0x52002000; wait
 * states by AXI clock and voltage) and "System configuration controller" (0x58000400).
 */
#include "board.h"
#include "m7.h"
#include "stm32.h"

#define PWR 0x58024800u
#define RCC 0x58024400u
#define FLASH_ACR 0x52002000u
#define SYSCFG_PWRCR 0x5800042Cu

#define PWR_CSR1 (PWR + 0x04u)
#define PWR_CR3 (PWR + 0x0Cu)
#define PWR_D3CR (PWR + 0x18u)
#define RCC_CR (RCC + 0x00u)
#define RCC_CFGR (RCC + 0x10u)
#define RCC_D1CFGR (RCC + 0x18u)
#define RCC_D2CFGR (RCC + 0x1Cu)
#define RCC_D3CFGR (RCC + 0x20u)
#define RCC_PLLCKSELR (RCC + 0x28u)
#define RCC_PLLCFGR (RCC + 0x2Cu)
#define RCC_PLL1DIVR (RCC + 0x30u)
#define RCC_D2CCIP2R (RCC + 0x54u)
#define RCC_AHB2ENR (RCC + 0xDCu)
#define RCC_AHB4ENR (RCC + 0xE0u)
#define RCC_APB1LENR (RCC + 0xE8u)
#define RCC_APB2ENR (RCC + 0xF0u)
#define RCC_APB4ENR (RCC + 0xF4u)

enum { HSI_ON = 1, HSI_READY = 4, PLL_ON = 1 << 24, PLL_READY = 1 << 25 };
enum { SOURCE_HSI = 0, SOURCE_PLL = 3, VOS_READY = 1 << 13, VOS1 = 3 << 14, M = 4, P = 2 };
enum { N = EK_BOARD_HZ / 1000000 * P / (64 / M) };

static void choose_source(uint32_t source)
{
    ek_change(RCC_CFGR, 7, source);
    ek_await(RCC_CFGR, 7 << 3, source << 3);
}

static void raise_voltage(void)
{
    ek_change(PWR_D3CR, 3u << 14, VOS1);
    ek_await(PWR_D3CR, VOS_READY, VOS_READY);
    EK_REG(RCC_APB4ENR) |= 1u << 1; /* SYSCFG */
    (void)EK_REG(RCC_APB4ENR);
    EK_REG(SYSCFG_PWRCR) |= EK_BOARD_OVERDRIVE; /* VOS0 */
    ek_await(PWR_D3CR, VOS_READY, VOS_READY);
    ek_change(FLASH_ACR, 0x3F, 2u << 4 | 4u); /* up to 240 MHz on the AXI bus */
    ek_await(FLASH_ACR, 0x3F, 2u << 4 | 4u);
}

static void start_pll(void)
{
    ek_change(RCC_CR, PLL_ON, 0);
    ek_await(RCC_CR, PLL_READY, 0);
    ek_change(RCC_PLLCKSELR, 0x3F3, M << 4);              /* HSI / M */
    ek_change(RCC_PLLCFGR, 0x7000F, 3u << 2 | 1u << 16);  /* input 8 to 16 MHz, output P only */
    EK_REG(RCC_PLL1DIVR) = (N - 1) | (P - 1) << 9 | 1u << 16 | 1u << 24;
    ek_change(RCC_CR, PLL_ON, PLL_ON);
    ek_await(RCC_CR, PLL_READY, PLL_READY);
}

void ek_stm32_clocks(void)
{
    ek_change(RCC_CR, HSI_ON | 3u << 3, HSI_ON); /* undivided */
    ek_await(RCC_CR, HSI_READY, HSI_READY);
    choose_source(SOURCE_HSI);
    raise_voltage();
    start_pll();
    EK_REG(RCC_D1CFGR) = 8u | 4u << 4; /* core whole, AXI and AHB half, APB3 a quarter */
    EK_REG(RCC_D2CFGR) = 4u << 4 | 4u << 8;
    EK_REG(RCC_D3CFGR) = 4u << 4;
    choose_source(SOURCE_PLL);
    ek_m7_start();
    EK_REG(RCC_AHB2ENR) |= 7u << 29; /* SRAM1 to SRAM3 */
    EK_REG(RCC_AHB4ENR) |= EK_BOARD_GPIO_CLOCKS;
    EK_REG(RCC_APB1LENR) |= 1u | EK_BOARD_UART_CLOCK_APB1L; /* TIM2 */
    EK_REG(RCC_APB2ENR) |= EK_BOARD_UART_CLOCK_APB2;
    ek_change(RCC_D2CCIP2R, 0x3F, 3u << 3 | 3u); /* all USARTs from HSI */
    (void)EK_REG(RCC_APB2ENR);
}
