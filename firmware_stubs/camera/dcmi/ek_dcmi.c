/* ek_dcmi.c - see ek_dcmi.h. */
#include "ek_dcmi.h"

#include "stm32.h"

#define PORT(pin) (ek_dcmi_chip.gpio + 0x400u * number((pin).port))
#define MODER(port) ((port) + 0x00u)
#define OTYPER(port) ((port) + 0x04u)
#define OSPEEDR(port) ((port) + 0x08u)
#define PUPDR(port) ((port) + 0x0Cu)
#define IDR(port) EK_REG((port) + 0x10u)
#define BSRR(port) EK_REG((port) + 0x18u)
#define AFR(port, pin) ((port) + 0x20u + 4u * ((pin) / 8u))

#define DCMI_CR EK_REG(ek_dcmi_chip.dcmi + 0x00u)
#define DCMI_SR EK_REG(ek_dcmi_chip.dcmi + 0x04u)
#define DCMI_RIS EK_REG(ek_dcmi_chip.dcmi + 0x08u)
#define DCMI_IER EK_REG(ek_dcmi_chip.dcmi + 0x0Cu)
#define DCMI_ICR EK_REG(ek_dcmi_chip.dcmi + 0x14u)
#define DCMI_DR (ek_dcmi_chip.dcmi + 0x28u)

#define STREAM (ek_dcmi_chip.dma + 0x10u + 0x18u * ek_dcmi_chip.stream)
#define DMA_CR EK_REG(STREAM + 0x00u)
#define DMA_NDTR EK_REG(STREAM + 0x04u)
#define DMA_PAR EK_REG(STREAM + 0x08u)
#define DMA_M0AR EK_REG(STREAM + 0x0Cu)
#define DMA_FCR EK_REG(STREAM + 0x14u)
#define DMA_ISR EK_REG(ek_dcmi_chip.dma + (ek_dcmi_chip.stream < 4 ? 0x00u : 0x04u))
#define DMA_IFCR EK_REG(ek_dcmi_chip.dma + (ek_dcmi_chip.stream < 4 ? 0x08u : 0x0Cu))

enum { OUTPUT = 1, ALTERNATE = 2, PULL_UP = 1, FAST = 2 };
enum { MCO_FUNCTION = 0, DCMI_FUNCTION = 13 };
enum { CAPTURE = 1, SNAPSHOT = 2, RISING = 1 << 5, VSYNC_HIGH = 1 << 7, ENABLE = 1 << 14 }; /* CR */
enum { FIFO_FILLED = 4, OVERRUN = 2, ALL = 31 };                            /* SR; RIS and ICR */
enum { EN = 1, TO_MEMORY = 0 << 6, INCREMENT = 1 << 10, WORDS = 2 << 11 | 2 << 13, FIRST = 3 << 16 };
enum { ERROR = 8, FLAGS = 0x3D }; /* of a stream in ISR */
enum { PATIENCE = 10000 };        /* looks: far more than words take from DCMI to memory */

static uint32_t setting; /* of DCMI_CR, by the sensor's polarities */
static bool frame_high;
static const uint8_t *armed;
static uint32_t armed_words;

/* Of a port, from its letter. */
static uint32_t number(char port) { return (uint32_t)port - 'A'; }

static void set_mode(ek_dcmi_pin_t pin, uint32_t mode)
{
    ek_change(MODER(PORT(pin)), 3u << 2 * pin.pin, mode << 2 * pin.pin);
}

static void give_to(ek_dcmi_pin_t pin, uint32_t function)
{
    const uint32_t shift = 4u * (pin.pin % 8u);
    ek_change(AFR(PORT(pin), pin.pin), 15u << shift, function << shift);
    ek_change(OSPEEDR(PORT(pin)), 3u << 2 * pin.pin, (uint32_t)FAST << 2 * pin.pin);
    set_mode(pin, ALTERNATE);
}

static void drive(ek_dcmi_pin_t pin, bool high)
{
    if (!pin.port) return;
    BSRR(PORT(pin)) = 1u << (pin.pin + (high ? 0 : 16));
    set_mode(pin, OUTPUT);
}

/* Open drain with the chip's pull-up, let go. */
static void open_bus(ek_dcmi_pin_t pin)
{
    EK_REG(OTYPER(PORT(pin))) |= 1u << pin.pin;
    ek_change(PUPDR(PORT(pin)), 3u << 2 * pin.pin, (uint32_t)PULL_UP << 2 * pin.pin);
    drive(pin, true);
}

/* The letters of all pins in use as bits. */
static uint32_t ports(void)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < EK_DCMI_PINS; i++)
        if (ek_dcmi_pins[i].port) used |= 1u << number(ek_dcmi_pins[i].port);
    return used;
}

void ek_dcmi_start(const ek_sensor_t *sensor)
{
    ek_dcmi_clocks(ports());
    for (uint32_t i = EK_DCMI_D0; i <= EK_DCMI_PIXCLK; i++) give_to(ek_dcmi_pins[i], DCMI_FUNCTION);
    give_to(ek_dcmi_pins[EK_DCMI_MCO1], MCO_FUNCTION);
    open_bus(ek_dcmi_pins[EK_DCMI_SIOC]);
    open_bus(ek_dcmi_pins[EK_DCMI_SIOD]);
    drive(ek_dcmi_pins[EK_DCMI_POWER_DOWN], false);
    drive(ek_dcmi_pins[EK_DCMI_RESET], true);
    frame_high = sensor->frame_high;
    /* The bits for VSYNC and HREF (HSPOL 0) give the levels at which there are no data. */
    setting = SNAPSHOT | (frame_high ? 0u : VSYNC_HIGH) | (sensor->falling ? 0u : RISING);
}

static ek_dcmi_pin_t sccb_pin(ek_sccb_line_t line)
{
    return ek_dcmi_pins[line == EK_SCCB_CLOCK ? EK_DCMI_SIOC : EK_DCMI_SIOD];
}

static bool level(ek_dcmi_pin_t pin) { return IDR(PORT(pin)) >> pin.pin & 1u; }

void ek_dcmi_set_line(void *port, ek_sccb_line_t line, bool high)
{
    (void)port;
    const ek_dcmi_pin_t pin = sccb_pin(line);
    BSRR(PORT(pin)) = 1u << (pin.pin + (high ? 0 : 16));
}

bool ek_dcmi_read_line(void *port, ek_sccb_line_t line)
{
    (void)port;
    return level(sccb_pin(line));
}

/* Pins of an alternate function can be read like others. */
ek_sync_t ek_dcmi_look(void)
{
    if (level(ek_dcmi_pins[EK_DCMI_VSYNC]) != frame_high) return EK_SYNC_FRAMES;
    return level(ek_dcmi_pins[EK_DCMI_HREF]) ? EK_SYNC_ROW : EK_SYNC_ROWS;
}

static void stop_stream(void)
{
    DMA_CR = 0;
    for (uint32_t looks = 0; looks < PATIENCE && (DMA_CR & EN); looks++) {
    }
}

/* Where a stream's flags lie in the register for four of them. */
static uint32_t shift(void)
{
    static const uint8_t shifts[] = {0, 6, 16, 22};
    return shifts[ek_dcmi_chip.stream % 4u];
}

void ek_dcmi_arm(uint8_t *frame, uint32_t bytes)
{
    armed = frame;
    armed_words = bytes / 4u;
    ek_dcmi_forget(frame, bytes);
    stop_stream();
    DMA_IFCR = (uint32_t)FLAGS << shift();
    DMA_PAR = DCMI_DR;
    DMA_M0AR = (uint32_t)(uintptr_t)frame;
    DMA_NDTR = armed_words;
    DMA_FCR = 0; /* direct: what was counted has been stored */
    DMA_CR = ek_dcmi_chip.request | FIRST | WORDS | INCREMENT | TO_MEMORY;
    DMA_CR |= EN;
    DCMI_IER = 0;
    DCMI_CR = setting;
    DCMI_CR = setting | ENABLE;
    DCMI_ICR = ALL;
    DCMI_CR = setting | ENABLE | CAPTURE; /* waits for the next frame */
}

uint32_t ek_dcmi_came(void)
{
    uint32_t left = DMA_NDTR;
    for (uint32_t looks = 0; looks < PATIENCE && left != 0 && (DCMI_SR & FIFO_FILLED); looks++)
        left = DMA_NDTR;
    return 32u * (armed_words - DMA_NDTR);
}

const char *ek_dcmi_trouble(void)
{
    if (DMA_ISR & (uint32_t)ERROR << shift()) return EK_FAULT_TRANSFER;
    return DCMI_RIS & OVERRUN ? EK_FAULT_LOST : 0;
}

void ek_dcmi_disarm(void)
{
    DCMI_CR = setting;
    stop_stream();
    ek_dcmi_forget(armed, 4u * armed_words); /* what was read ahead meanwhile */
}
