/* parallel_main.c - parallel_replay.c as a program: recordings from standard input, each in memory of
 * exactly its size, so that the address sanitizer sees what lies beyond; a line with the fault for each. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

const char *parallel_replay(const uint32_t *levels, uint32_t count, uint8_t *frame,
                            uint32_t row_bytes, uint32_t rows);

int main(void)
{
    uint32_t head[3]; /* levels, bytes of a row, rows */
    while (fread(head, sizeof head, 1, stdin) == 1) {
        uint32_t *const levels = malloc(sizeof *levels * head[0]);
        uint8_t *const frame = malloc(head[1] * head[2]);
        if (!levels || !frame || fread(levels, sizeof *levels, head[0], stdin) != head[0]) return 1;
        const char *const fault = parallel_replay(levels, head[0], frame, head[1], head[2]);
        puts(fault ? fault : "");
        free(levels);
        free(frame);
    }
    return 0;
}
