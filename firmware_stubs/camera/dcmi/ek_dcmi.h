/* ek_dcmi.h - an STM32's camera interface (DCMI) with DMA: a frame without the core's help.
 *
 * DCMI takes a byte at each edge of PIXCLK within rows, packs four into a word, the first one
 * lowest, and DMA carries the words to memory, in step with VSYNC: snapshot mode, one frame at a
 * time. RM0390 (STM32F446), RM0385 and RM0410 (F746, F767), RM0433 and RM0399 (H743, H747), chapters
 * "Digital camera interface" and "DMA controller": both blocks are the same there; clocks and what
 * routes a request differ.
 *
 * What is not seen: DCMI counts words. A row that is one to three bytes too long shows when such
 * bytes fill a word.
 */
#ifndef EK_DCMI_H
#define EK_DCMI_H

#include "board.h"
#include "ek_driver.h"

typedef struct {
    char port; /* 'A' to 'K'; 0: no such pin */
    uint8_t pin;
} ek_dcmi_pin_t;

/* Pins of DCMI must be such: their alternate function is 13. The sensor's clock is MCO1, PA8. */
typedef enum {
    EK_DCMI_D0, EK_DCMI_D1, EK_DCMI_D2, EK_DCMI_D3, EK_DCMI_D4, EK_DCMI_D5, EK_DCMI_D6, EK_DCMI_D7,
    EK_DCMI_VSYNC, EK_DCMI_HREF, EK_DCMI_PIXCLK,
    EK_DCMI_MCO1,
    EK_DCMI_SIOC, EK_DCMI_SIOD,         /* the sensor's registers */
    EK_DCMI_RESET, EK_DCMI_POWER_DOWN,  /* of the sensor: driven high, driven low */
    EK_DCMI_PINS
} ek_dcmi_line_t;

/* How a sensor is wired: of a driver. */
extern const ek_dcmi_pin_t ek_dcmi_pins[EK_DCMI_PINS];

/* A driver's parts; start is ek_driver_t's. */
void ek_dcmi_start(const ek_sensor_t *sensor);
void ek_dcmi_set_line(void *port, ek_sccb_line_t line, bool high);
bool ek_dcmi_read_line(void *port, ek_sccb_line_t line);
ek_sync_t ek_dcmi_look(void);
void ek_dcmi_arm(uint8_t *frame, uint32_t bytes);
uint32_t ek_dcmi_came(void);
const char *ek_dcmi_trouble(void);
void ek_dcmi_disarm(void);

/* The driver itself, of these modes. */
#define EK_DCMI_DRIVER(...)                                                       \
    static const ek_sensor_mode_t *const ek_dcmi_modes[] = {__VA_ARGS__};         \
    const ek_driver_t ek_driver = {                                               \
        .modes = ek_dcmi_modes,                                                   \
        .count = sizeof ek_dcmi_modes / sizeof *ek_dcmi_modes,                    \
        .start = ek_dcmi_start,                                                   \
        .bus = {ek_dcmi_set_line, ek_dcmi_read_line, ek_driver_wait, 0},          \
        .source = {.look = ek_dcmi_look,                                          \
                   .arm = ek_dcmi_arm,                                            \
                   .came = ek_dcmi_came,                                          \
                   .trouble = ek_dcmi_trouble,                                    \
                   .disarm = ek_dcmi_disarm,                                      \
                   .patience = EK_BOARD_HZ / 32u},                                \
    }

/* --- of a family: ek_dcmi_f4.c, ek_dcmi_h7.c --- */

typedef struct {
    uint32_t gpio;    /* of port A */
    uint32_t dcmi;    /* base addresses of both blocks */
    uint32_t dma;
    uint32_t stream;  /* 0 to 7 */
    uint32_t request; /* bits of the stream's CR that choose DCMI; 0 where a multiplexer does */
} ek_dcmi_chip_t;

extern const ek_dcmi_chip_t ek_dcmi_chip;

/* Clocks of DCMI, DMA and the ports (bit 0: A), a reset of DCMI, with which it forgets words and parts
 * of words, the request's way, and 16 MHz on MCO1. */
void ek_dcmi_clocks(uint32_t ports);

/* --- of a core: ek_cached.c, ek_uncached.c --- */

/* What the core has cached of this memory is dropped, unwritten: DMA writes it, or has. Whole lines of
 * 32 bytes. */
void ek_dcmi_forget(const void *memory, uint32_t bytes);

#endif
