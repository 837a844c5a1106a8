/* ek_session.h - the model at work: input buffer, timed windows, results. No talking. */
#ifndef EK_SESSION_H
#define EK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "ek_arena.h"
#include "ek_config.h"
#include "ek_model.h"

typedef struct {
    uint64_t start, end; /* ticks at the edges of a window */
} ek_window_t;

/* The input buffer holds bytes as the MLPerf Tiny host sent them, the same shifted to int8, or
 * tensor bytes sent through the extension. */
typedef enum { EK_HELD_HOST, EK_HELD_SHIFTED, EK_HELD_TENSOR } ek_held_t;

typedef struct {
    ek_held_t held;
    bool committed;      /* a complete input came through the extension */
    uint64_t empty;      /* ticks of a window around a function that does nothing */
    uint64_t startup;    /* ticks of preparing the arena: weights expanded, states set */
    uint64_t empty_step; /* ticks between two profile hooks with nothing between them */
    uint64_t step[EK_MAX_STEPS];
    uint32_t row; /* inferences of the row that ek_session_follow goes on with */
} ek_session_t;

extern ek_session_t ek_session;

/* The input buffer. Its own symbol, so that a debugger can fill it. */
extern uint8_t ek_db[EK_DB_BYTES];

/* Checks the build against the model and measures the empty window; call after ek_port_init.
 * Null when all is well, else what is wrong. */
const char *ek_session_init(void);

/* The input buffer, ready to take bytes of the given kind (EK_HELD_HOST or EK_HELD_TENSOR). */
uint8_t *ek_session_buffer(ek_held_t kind);

/* Converts what the buffer holds to tensor bytes, once, outside any window. */
void ek_session_stage(void);

/* `n` inferences outside any window, each on a fresh copy of the input. */
void ek_session_warm_up(uint32_t n);

/* `n` inferences between two edges of the trigger. Activations may overwrite the input, so
 * every inference but the first copies it into the arena inside the window. */
ek_window_t ek_session_run(uint32_t n);

/* `n` inferences without edges, each timed alone: the input is copied outside. ticks[n] */
void ek_session_sample(uint32_t n, uint64_t *ticks);

/* The same as ek_session_run without edges: in energy mode the caller marks the window with pulses. */
void ek_session_run_quietly(uint32_t n);

/* Inference `index` of a row, from the states that the one before left; 0 begins a row. Again the
 * last, it does nothing. False: the inferences before it were not run, or others were since. */
bool ek_session_follow(uint32_t index);

/* One inference with a counter reading after each step. False: no hooks in this build. */
bool ek_session_profile(void);

/* One inference in a painted arena: bytes up to the last that was written, of all blocks together;
 * ek_arena_used then says it of each. */
uint32_t ek_session_arena_used(void);

/* Which guard words were overwritten since ek_session_init: EK_GUARD_* of ek_protocol.h with
 * the block of ek_arena_guard, or 0. */
uint8_t ek_session_guard(void);

/* Output tensors one after another. */
uint32_t ek_session_output_bytes(void);
void ek_session_read_output(uint32_t offset, uint32_t count, uint8_t *to);

/* Element `index` of output 0 as a real number. */
uint32_t ek_session_output_count(void);
float ek_session_output_value(uint32_t index);

/* ad01: mean squared difference of the output from the input, both as real numbers. */
float ek_session_output_mse(void);

#endif
