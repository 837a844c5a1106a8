/* ek_config.h - what the build may choose. `edgekit` passes these with -D. */
#ifndef EK_CONFIG_H
#define EK_CONFIG_H

#ifndef EK_MODEL
#error "build with -DEK_MODEL=<name>_model"
#endif
#ifndef EK_ARENA_BYTES
#error "build with -DEK_ARENA_BYTES=<memory.arena_bytes of edgekit.json>"
#endif

/* One EK_BLOCK(number, bytes) for each block of the arena; of several, EK_SPLIT is defined too. */
#ifndef EK_ARENA_BLOCKS
#define EK_ARENA_BLOCKS EK_BLOCK(0, EK_ARENA_BYTES)
#endif

/* What the MLPerf Tiny host sends with `db`, and how it becomes the int8 input tensor. */
#define EK_LOAD_RAW 0 /* the tensor's own bytes (kws01) */
#define EK_LOAD_U8 1  /* uint8 pixels: minus 128 (vww01, ic01) */
#define EK_LOAD_F32 2 /* float32, quantized on the board (ad01) */

#ifndef EK_LOAD
#define EK_LOAD EK_LOAD_RAW
#endif
#ifndef EK_INPUT_BYTES
#error "build with -DEK_INPUT_BYTES=<bytes of all inputs>"
#endif
#ifndef EK_DB_BYTES
#define EK_DB_BYTES (EK_INPUT_BYTES * (EK_LOAD == EK_LOAD_F32 ? 4 : 1))
#endif
#ifndef EK_MAX_STEPS
#define EK_MAX_STEPS 128
#endif
#ifndef EK_FRAME_BYTES
#define EK_FRAME_BYTES 1024 /* longest payload of a frame, at least 64 */
#endif
#ifndef EK_MODEL_ID
#define EK_MODEL_ID "unknown"
#endif
#ifndef EK_BUILD_ID
#define EK_BUILD_ID "unknown"
#endif
#ifndef EK_ISA
#define EK_ISA "unknown"
#endif
#ifndef EK_VENDOR
#define EK_VENDOR "EdgeKit"
#endif
#ifndef EK_BOOT_ENERGY
#define EK_BOOT_ENERGY false /* true: starts in energy mode, without asking */
#endif

#endif
