/* stm32u5_clocks.c - STM32U5 at 160 MHz: HSI16 * 20 / 2, range 1 with the EPOD booster.
 *
 * RM0456: chapters "Power control" (PWR 0x46020800; voltage scaling and the booster), "Reset and
 * clock control" (RCC 0x46020C00), "Embedded flash memory" (0x40022000; wait states by clock and
 * range) and "Instruction cache" (0x40030400). TrustZone is off (option byte TZEN 0, as the chip is
 * delivered), so these are the addresses of all peripherals.
 */
#include "board.h"
#include "stm32.h"

#define PWR_VOSR 0x4602080Cu
#define RCC 0x46020C00u
#define FLASH_ACR 0x40022000u
#define ICACHE_CR 0x40030400u

#define RCC_CR (RCC + 0x00u)
#define RCC_CFGR1 (RCC + 0x1Cu)
#define RCC_CFGR2 (RCC + 0x20u)
#define RCC_PLL1CFGR (RCC + 0x28u)
#define RCC_PLL1DIVR (RCC + 0x34u)
#define RCC_AHB2ENR1 (RCC + 0x8Cu)
#define RCC_AHB3ENR (RCC + 0x94u)
#define RCC_APB1ENR1 (RCC + 0x9Cu)
#define RCC_APB2ENR (RCC + 0xA4u)
#define RCC_CCIPR1 (RCC + 0xE0u)

enum { HSI_ON = 1 << 8, HSI_READY = 1 << 10, PLL_ON = 1 << 24, PLL_READY = 1 << 25 };
enum { SOURCE_HSI = 1, SOURCE_PLL = 3 };
enum { BOOST_READY = 1 << 14, VOS_READY = 1 << 15, RANGE_1 = 3 << 16, BOOST_ON = 1 << 18 };

static void choose_source(uint32_t source)
{
    ek_change(RCC_CFGR1, 3, source);
    ek_await(RCC_CFGR1, 3 << 2, source << 2);
}

static void start_pll(void)
{
    ek_change(RCC_CR, PLL_ON, 0);
    ek_await(RCC_CR, PLL_READY, 0);
    /* HSI16, input of 8 to 16 MHz, M 1, booster clock undivided, output R on */
    EK_REG(RCC_PLL1CFGR) = 2u | 3u << 2 | 1u << 18;
    EK_REG(RCC_PLL1DIVR) = 19u | 1u << 9 | 1u << 16 | 1u << 24; /* N 20; P, Q, R 2 */
}

static void raise_voltage(void)
{
    EK_REG(RCC_AHB3ENR) |= 1u << 2; /* PWREN */
    (void)EK_REG(RCC_AHB3ENR);
    ek_change(PWR_VOSR, 3u << 16, RANGE_1);
    ek_await(PWR_VOSR, VOS_READY, VOS_READY);
    ek_change(PWR_VOSR, BOOST_ON, BOOST_ON);
    ek_await(PWR_VOSR, BOOST_READY, BOOST_READY);
    ek_change(FLASH_ACR, 15, 4); /* wait states up to 160 MHz */
    ek_await(FLASH_ACR, 15, 4);
    EK_REG(FLASH_ACR) |= 1u << 8; /* prefetch */
    EK_REG(ICACHE_CR) |= 1u;
}

void ek_stm32_clocks(void)
{
    ek_change(RCC_CR, HSI_ON, HSI_ON);
    ek_await(RCC_CR, HSI_READY, HSI_READY);
    choose_source(SOURCE_HSI);
    start_pll();
    raise_voltage();
    ek_change(RCC_CR, PLL_ON, PLL_ON);
    ek_await(RCC_CR, PLL_READY, PLL_READY);
    EK_REG(RCC_CFGR2) = 8u; /* AHB halved on the way up, APBs whole */
    choose_source(SOURCE_PLL);
    for (volatile int i = 0; i < 80; i++) {
    }
    EK_REG(RCC_CFGR2) = 0;
    EK_REG(RCC_AHB2ENR1) |= EK_BOARD_GPIO_CLOCKS;
    EK_REG(RCC_APB1ENR1) |= 1u;      /* TIM2 */
    EK_REG(RCC_APB2ENR) |= 1u << 14; /* USART1 */
    ek_change(RCC_CCIPR1, 3u, 2u);   /* USART1 from HSI16 */
    (void)EK_REG(RCC_APB2ENR);
}
