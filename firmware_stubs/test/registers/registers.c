/* registers.c - every access to a register asks a model what it reads, and tells what was written.
 *
 * A write shows in the cell at the next access, as another value than was read there: the model gives
 * for a register to be written something that is not written.
 */
#include "board.h"
#include "cortex_m.h"
#include "ek_port.h"

typedef uint32_t model_read_t(uint32_t address);
typedef void model_write_t(uint32_t address, uint32_t value);

void model_connect(model_read_t *reader, model_write_t *writer);
void model_flush(void);

extern const uint32_t model_cycles_us;
const uint32_t model_cycles_us = EK_BOARD_HZ / 1000000u;

extern uint64_t model_time;
uint64_t model_time; /* a cycle each time that somebody asks */

static model_read_t *reading;
static model_write_t *writing;
static uint32_t at, given;
static volatile uint32_t cell;

void model_connect(model_read_t *reader, model_write_t *writer)
{
    reading = reader;
    writing = writer;
    cell = given;
}

void model_flush(void)
{
    const uint32_t written = cell;
    if (written == given) return;
    given = written;
    writing(at, written);
}

volatile uint32_t *model_register(uint32_t address)
{
    model_flush();
    at = address;
    given = reading(address);
    cell = given;
    return &cell;
}

uint64_t ek_port_cycles(void)
{
    model_flush();
    return ++model_time;
}
