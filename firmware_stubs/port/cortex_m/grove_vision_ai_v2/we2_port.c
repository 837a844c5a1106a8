/* we2_port.c - the port to Himax's WiseEye2: a line that is open already, and cycles of 33 bits.
 *
 * The UART has the registers of a 16550 four bytes apart (WE2_S.svd; Synopsys DW_apb_uart Databook).
 *
 * Counter: the core's own, CCNTR of its performance monitors (Armv8.1-M ARM, chapter "The Performance
 * Monitoring Extension"), of 32 bits and a flag that says that it went round. It starts at 0 with a
 * window, of which one may last 2^33 cycles, therefore, 21 seconds; and it stands still in sleep.
 */
#include "board.h"
#include "cortex_m.h"
#include "ek_port.h"

#define UART_DATA EK_REG(EK_BOARD_UART + 0x00u)
#define UART_INTERRUPTS EK_REG(EK_BOARD_UART + 0x04u)
#define UART_FIFOS EK_REG(EK_BOARD_UART + 0x08u)
#define UART_STATUS EK_REG(EK_BOARD_UART + 0x14u)

enum { RX_READY = 1, TX_EMPTY = 32 };

#define DEMCR EK_REG(0xE000EDFCu)
#define PMU_CCNTR EK_REG(0xE000307Cu)
#define PMU_CNTENSET EK_REG(0xE0003C00u)
#define PMU_OVSCLR EK_REG(0xE0003C80u)
#define PMU_OVSSET EK_REG(0xE0003CC0u)
#define PMU_CTRL EK_REG(0xE0003E04u)
#define CYCLES (1u << 31) /* in the registers with a bit for each counter */

#define SCR EK_REG(0xE000ED10u)

static uint64_t before; /* the count where CCNTR was 0 */

void ek_port_init(void)
{
    ek_use_vectors();
    SCR = 0; /* sleep is not deep */
    DEMCR |= 1u << 24; /* TRCENA */
    PMU_CNTENSET = CYCLES;
    PMU_CTRL = 1;
    PMU_OVSCLR = CYCLES;
    PMU_CCNTR = 0;
    UART_FIFOS = 1;
    UART_INTERRUPTS = RX_READY;
    ek_wake_on(EK_BOARD_UART_INTERRUPT);
}

uint64_t ek_port_cycles(void)
{
    uint32_t low = PMU_CCNTR;
    if (PMU_OVSSET & CYCLES) {
        PMU_OVSCLR = CYCLES;
        before += 1ull << 32;
        low = PMU_CCNTR;
    }
    return before + low;
}

/* No pin; a window begins with a counter that is at 0. */
void ek_port_trigger(bool high)
{
    if (high) return;
    before = ek_port_cycles();
    PMU_CCNTR = 0;
}

int ek_port_read(uint8_t *data, int size)
{
    int count = 0;
    while (count < size && (UART_STATUS & RX_READY)) data[count++] = (uint8_t)UART_DATA;
    return count;
}

void ek_port_write(const uint8_t *data, int size)
{
    for (int i = 0; i < size; i++) {
        while (!(UART_STATUS & TX_EMPTY)) {
        }
        UART_DATA = data[i];
    }
}

void ek_port_sleep(void)
{
    if (!(UART_STATUS & RX_READY)) ek_wait_for_interrupt();
}
