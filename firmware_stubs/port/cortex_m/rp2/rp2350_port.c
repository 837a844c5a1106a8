/* rp2350_port.c - RP2350, Arm cores: the block that makes an image, and the timer's microseconds.
 *
 * RP2350 Datasheet: 5.9.5 "Minimum viable image metadata" (the block lies in the first 4 KB of
 * flash), 8.5 "Tick generators" (TICKS 0x40108000, TIMER0_CTRL 0x18, TIMER0_CYCLES 0x1C).
 */
#include "board.h"
#include "cortex_m.h"
#include "cycles.h"
#include "ek_port.h"
#include "rp2.h"

#define TICKS_TIMER0_CTRL EK_REG(0x40108018u)
#define TICKS_TIMER0_CYCLES EK_REG(0x4010801Cu)

__attribute__((section(".image_def"), used)) static const uint32_t image_def[] = {
    0xFFFFDED3u, /* a block starts */
    0x10210142u, /* image type: executable, Arm, secure, RP2350 */
    0x000001FFu, /* last item; one word of items */
    0,           /* the next block is this one */
    0xAB123579u, /* the block ends */
};

void ek_port_init(void)
{
    ek_rp2_start();
    TICKS_TIMER0_CTRL = 0; /* as long as its length changes */
    TICKS_TIMER0_CYCLES = 12;
    TICKS_TIMER0_CTRL = 1;
    ek_cycles_start();
}

void ek_port_sleep(void)
{
    if (ek_rp2_has_byte()) return;
    ek_wait_for_interrupt();
    ek_cycles_woke();
}
