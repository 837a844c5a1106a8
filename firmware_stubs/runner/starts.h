/* starts.h - fresh processes of the runner, each timed from its start. */
#ifndef STARTS_H
#define STARTS_H

/* Lets `count` processes of `program` run `input`, one after another. Of each come the lines of the
 * process, then {"began_ns": 1}, the clock that all processes share when it was started. The status
 * of the first that fails, 128 and the signal for one that a signal ended; else 0. */
int run_starts(char *program, long count, char *input);

#endif
