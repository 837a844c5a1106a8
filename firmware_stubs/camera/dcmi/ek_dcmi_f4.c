/* ek_dcmi_f4.c - DCMI of STM32F446, and of STM32F746 and F767, where it is the same: clocks.
 *
 * RM0390, RM0385 and RM0410: chapters "Reset and clock control" (RCC 0x40023800), "DMA controller"
 * (DMA2 0x40026400; table of requests: stream 1, channel 1 is DCMI), "Digital camera interface"
 * (0x50050000; PIXCLK may be at most the AHB clock divided by 2.5).
 */
#include "ek_dcmi.h"

#include "cortex_m.h"
#include "stm32.h"

#define RCC_CFGR 0x40023808u
#define RCC_AHB2RSTR EK_REG(0x40023814u)
#define RCC_AHB1ENR EK_REG(0x40023830u)
#define RCC_AHB2ENR EK_REG(0x40023834u)

enum { MCO1_FROM_HSI = 0 << 21, MCO1_WHOLE = 0 << 24, MCO1_BITS = 3 << 21 | 7 << 24 };

const ek_dcmi_chip_t ek_dcmi_chip = {
    .gpio = 0x40020000u,
    .dcmi = 0x50050000u,
    .dma = 0x40026400u,
    .stream = 1,
    .request = 1u << 25,
};

void ek_dcmi_clocks(uint32_t ports)
{
    RCC_AHB1ENR |= ports | 1u << 22; /* DMA2 */
    RCC_AHB2ENR |= 1u;               /* DCMI */
    RCC_AHB2RSTR |= 1u;
    RCC_AHB2RSTR &= ~1u;
    ek_change(RCC_CFGR, MCO1_BITS, MCO1_FROM_HSI | MCO1_WHOLE);
}
