/* ek_dcmi_h7.c - DCMI of STM32H743 and STM32H747: clocks, the request's way.
 *
 * RM0433 (RM0399 has the same): chapters "Reset and Clock Control" (RCC 0x58024400), "DMA request
 * multiplexer" (DMAMUX1 0x40020800; request 75 is DCMI), "DMA controller" (DMA1 0x40020000, which
 * reaches AXI SRAM and SRAM1 to SRAM3, not DTCM), "Digital camera interface" (0x48020000).
 */
#include "ek_dcmi.h"

#include "cortex_m.h"
#include "stm32.h"

#define RCC_CFGR 0x58024410u
#define RCC_AHB2RSTR EK_REG(0x58024484u)
#define RCC_AHB1ENR EK_REG(0x580244D8u)
#define RCC_AHB2ENR EK_REG(0x580244DCu)
#define RCC_AHB4ENR EK_REG(0x580244E0u)
#define DMAMUX1_C0CR EK_REG(0x40020800u)

enum { DCMI_REQUEST = 75 };
enum { MCO1_FROM_HSI = 0 << 22, MCO1_BY_4 = 4 << 18, MCO1_BITS = 7 << 22 | 15 << 18 };

const ek_dcmi_chip_t ek_dcmi_chip = {
    .gpio = 0x58020000u,
    .dcmi = 0x48020000u,
    .dma = 0x40020000u,
    .stream = 0,
    .request = 0,
};

void ek_dcmi_clocks(uint32_t ports)
{
    RCC_AHB4ENR |= ports;
    RCC_AHB1ENR |= 1u; /* DMA1 */
    RCC_AHB2ENR |= 1u; /* DCMI */
    RCC_AHB2RSTR |= 1u;
    RCC_AHB2RSTR &= ~1u;
    ek_change(RCC_CFGR, MCO1_BITS, MCO1_FROM_HSI | MCO1_BY_4); /* of 64 MHz */
    DMAMUX1_C0CR = DCMI_REQUEST; /* channel 0 is stream 0 of DMA1 */
}
