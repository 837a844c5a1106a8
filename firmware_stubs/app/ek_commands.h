/* ek_commands.h - the ASCII commands of MLPerf Tiny, and two of our own: `mode`, `ek`. */
#ifndef EK_COMMANDS_H
#define EK_COMMANDS_H

#include <stdbool.h>

#define EK_COMMAND_CHARS 80

/* The lines after power-up: greeting, mode, time stamp. */
void ek_commands_greet(void);

/* Runs one command (without its '%'; `line` is cut into words in place) and sends its replies,
 * the last of which is m-ready. */
void ek_commands_run(char line[EK_COMMAND_CHARS + 1]);

/* Whether `ek 1` has switched frames on. */
bool ek_commands_frames_on(void);

#endif
