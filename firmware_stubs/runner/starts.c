/* starts.c - fresh processes of the runner, each timed from its start; see starts.h. */
#define _POSIX_C_SOURCE 200809L

#include "starts.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ek_port.h"

enum { NOT_STARTED = 127 };

static void become(char *program, char *input)
{
    char *const words[] = {program, input, NULL};
    execvp(program, words);
    fprintf(stderr, "runner: %s: cannot be started again\n", program);
    _exit(NOT_STARTED);
}

static int status_of(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) return NOT_STARTED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_starts(char *program, long count, char *input)
{
    int status = 0;
    for (long i = 0; i < count && status == 0; i++) {
        const uint64_t began = ek_port_cycles();
        const pid_t child = fork();
        if (child == 0) become(program, input);
        status = status_of(child);
        printf("{\"began_ns\": %" PRIu64 "}\n", began);
        fflush(stdout); /* before the next fork, which would copy what waits */
    }
    return status;
}
