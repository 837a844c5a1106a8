/* ek_model.h - what a generated model looks like from outside.
 *
 * Every bundle defines one `const ek_model_t <name>_model`. The application is built with
 * -DEK_MODEL=<name>_model and needs to know nothing else. The arena is the caller's, aligned to
 * 16 bytes; inputs and outputs live inside it at the stated offsets. Where a model was planned for
 * several memories, its arena is a block in each, and `blocks` says which.
 */
#ifndef EK_MODEL_H
#define EK_MODEL_H

#include <stdint.h>

typedef enum { EK_S8 = 0, EK_F32 = 1, EK_U8 = 2, EK_S16 = 3, EK_S32 = 4 } ek_dtype_t;

/* What `<name>_init` returns; of an arena of several blocks, with the block's index << 8. */
typedef enum { EK_OK = 0, EK_ARENA_MISALIGNED = 1, EK_ARENA_TOO_SMALL = 2 } ek_status_t;

typedef struct {
    const char *name;
    uint32_t bytes;
    uint32_t offset;     /* of its first byte in the arena, or in its block */
    ek_dtype_t dtype;
    float scale;         /* 0 when not quantized */
    int32_t zero_point;
} ek_tensor_t;

typedef struct {
    const char *name;      /* layer name, as in the generated C */
    const char *operation; /* "CONV_2D" */
    uint32_t macs;
} ek_step_t;

enum { EK_MOST_BLOCKS = 8 };

/* An arena of several blocks: the address of each. `<name>_init` fills it in. */
typedef struct {
    uint8_t *block[EK_MOST_BLOCKS];
} ek_arena_t;

typedef struct {
    const char *memory; /* as the target's profile names it: "DTCM" */
    uint32_t bytes;
} ek_block_t;

/* What a model has besides where its arena is several blocks. */
typedef struct {
    uint16_t count;
    const ek_block_t *block;
    const uint8_t *input, *output; /* the block that each of them lies in */
    void (*invoke)(const ek_arena_t *arena);
    void (*reset)(const ek_arena_t *arena); /* null without states */
} ek_blocks_t;

typedef struct {
    const char *name;  /* "vww_96" */
    const char *hash;  /* first 16 hexadecimal digits of the sha256 of model.tflite */
    uint32_t arena_bytes; /* of all blocks together */
    uint16_t inputs, outputs, steps;
    const ek_tensor_t *input, *output;
    const ek_step_t *step;
    void (*invoke)(uint8_t *arena);
    void (*reset)(uint8_t *arena); /* of the states kept between inferences; null without any */
    const ek_blocks_t *blocks;     /* of an arena of several: then invoke and reset are null */
} ek_model_t;

/* One call of a step that runs stripe by stripe. Rows are counted in the buffers they lie in. Before
 * the call `kept` rows of the output's buffer, from row `from`, move to its start; a call of no rows
 * is left out. */
typedef struct {
    uint16_t call;  /* which of the step's parameters */
    uint16_t rows;  /* computed */
    uint16_t x, x2; /* the first row of the operands */
    uint16_t y;     /* the first row of the output */
    uint16_t kept, from;
} ek_stripe_t;

/* Called after each step, of a step in stripes once a stripe, when the build defines EK_PROFILE;
 * compiles away otherwise. The application owns the pointer; null means no profile is wanted now. */
#ifdef EK_PROFILE
extern void (*ek_profile_hook)(uint32_t step);
#define EK_STEP_DONE(step)                         \
    do {                                           \
        if (ek_profile_hook) ek_profile_hook(step); \
    } while (0)
#else
#define EK_STEP_DONE(step) ((void)0)
#endif

#endif
