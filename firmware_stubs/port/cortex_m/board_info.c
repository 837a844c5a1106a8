/* board_info.c - what a board with a count of cycles says of itself. */
#include "board.h"
#include "cortex_m.h"
#include "ek_port.h"

void ek_port_info(ek_port_info_t *info)
{
    *info = (ek_port_info_t){
        .board = EK_BOARD_NAME,
        .counter = "cycles",
        .counter_hz = EK_BOARD_HZ,
        .baud = EK_BOARD_BAUD,
        .stack_bytes = ek_stack_bytes(),
        .stack_used = ek_stack_used(),
    };
}
