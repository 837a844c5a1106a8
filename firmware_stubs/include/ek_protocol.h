/* ek_protocol.h - the binary extension of the device protocol, every number stated once.
 *
 * The line speaks the MLPerf Tiny ASCII commands. `profile` announces the extension with a line
 * `m-ek-[1]`; the command `ek 1` switches it on, and only then does a zero byte open a frame:
 *
 *   0x00  COBS( type u8, seq u8, payload, crc16 u16 )  0x00          numbers are little-endian
 *
 * The CRC is CRC-16/CCITT-FALSE (polynomial 0x1021, initial value 0xFFFF) over type, seq and
 * payload. Every request gets one reply with the same seq and type | EK_REPLY, or
 * EK_MSG_ERROR | EK_REPLY with one byte of EK_ERR_*. A request may be repeated safely.
 * runtime/link/messages.py holds the same numbers; a test compares the two files.
 */
#ifndef EK_PROTOCOL_H
#define EK_PROTOCOL_H

#define EK_PROTOCOL_VERSION 1
#define EK_REPLY 0x80

/* Requests: payload -> payload of the reply. "Input" is all input tensors one after another, as
 * the model wants them; "output" likewise. */
#define EK_MSG_INFO 0x01     /* -> text, "key=value\n" each */
#define EK_MSG_WRITE 0x02    /* u32 offset, bytes -> nothing; into the input buffer */
#define EK_MSG_COMMIT 0x03   /* u32 crc32 of the whole input -> nothing; input is complete */
#define EK_MSG_RUN 0x04      /* u32 n, u32 warmup -> u64 ticks, u64 ticks of an empty window;
                              * states begin anew, then n inferences follow one another */
#define EK_MSG_READ 0x05     /* u32 offset, u16 length -> bytes of the output */
#define EK_MSG_PROFILE 0x06  /* -> u16 steps, u64 ticks of an empty step; runs one inference */
#define EK_MSG_STEPS 0x07    /* u16 first, u16 count -> u64 ticks each */
#define EK_MSG_STEP 0x08     /* u16 index -> u32 macs, name, NUL, operation, NUL */
#define EK_MSG_MEMORY 0x09   /* -> text; paints the arena and runs one inference */
#define EK_MSG_SELFTEST 0x0A /* u32 crc32 expected -> u8 equal, u32 crc32 found, u8 guard */
#define EK_MSG_FOLLOW 0x0E   /* u32 index -> nothing; one inference of a row, untimed: states begin
                              * anew with index 0, later ones go on from the one before, whatever
                              * was written in between. The last one asked for again is not run
                              * again; EK_ERR_RANGE where the row is not there yet or broken off */
#define EK_MSG_ERROR 0x7F

/* Requests to firmware with a camera (camera/app/); others answer them with EK_ERR_TYPE. */
#define EK_MSG_CAMERA 0x10   /* -> text, "key=value\n" each: camera, fault of the last capture,
                              * format, width, height, region that the model sees, resample, bytes
                              * of a frame, bytes of work memory; gated (1: built with a gate),
                              * enter, leave, blocks, hold, refresh of that gate */
#define EK_MSG_FRAME 0x11    /* u32 offset, bytes -> nothing; into a virtual camera's frame */
#define EK_MSG_GATE 0x12     /* u16 each: enter, leave, blocks, hold, refresh -> nothing; the gate
                              * forgets what it has seen. See camera/ek_gate.h */
#define EK_MSG_CAPTURE 0x13  /* u8 whether the gate decides -> u64 each: ran, changed blocks, crc32
                              * of the input, ticks until the frame was there, of conversion and
                              * gate, of the inference (0: it did not run), of an empty window. Sent
                              * again it takes another frame */
#define EK_MSG_SHOW 0x14     /* -> u64 bytes and u64 crc32 of the last frame; EK_ERR_RANGE where the
                              * camera keeps none */
#define EK_MSG_PIXELS 0x15   /* u32 offset, u16 length -> bytes of that frame */

/* Requests to a program of an operating system (runner/), which has memory to keep every time;
 * boards answer them with EK_ERR_TYPE. EK_MSG_MACHINE says how many it keeps: samples=N. */
#define EK_MSG_SAMPLE 0x0B   /* u32 n, u32 warmup -> u64 ticks of an empty window; states begin
                              * anew, then n inferences follow one another, each timed alone */
#define EK_MSG_SAMPLES 0x0C  /* u32 first, u16 count -> u64 ticks each, the empty window included */
#define EK_MSG_MACHINE 0x0D  /* -> text, "key=value\n" each: the machine and the state it is in */

/* Guard: which guard words were overwritten since reset; "guard" in the text of EK_MSG_MEMORY. The
 * bits from EK_GUARDED_BLOCK on count the blocks of an arena of several from 1: the first that is
 * meant; 0 for an arena of one. */
#define EK_GUARDED_BLOCK 4
#define EK_GUARD_BEFORE 0x01 /* in front of the arena */
#define EK_GUARD_AFTER 0x02  /* behind the arena */
#define EK_GUARD_STACK 0x04  /* the last word of the stack was used */

#define EK_ERR_CRC 0x01      /* the frame arrived damaged; send it again */
#define EK_ERR_LENGTH 0x02   /* frame too long, or payload length wrong for its type */
#define EK_ERR_TYPE 0x03     /* unknown type */
#define EK_ERR_RANGE 0x04    /* offset, length, index or count outside the allowed range */
#define EK_ERR_NO_INPUT 0x05 /* run before a complete input was committed */
#define EK_ERR_INPUT 0x06    /* the input's crc32 differs from the announced one */
#define EK_ERR_NO_PROFILE 0x07 /* built without per-step hooks, or with too few slots */
#define EK_ERR_CAMERA 0x08   /* the camera gives no frame; EK_MSG_CAMERA says why */

#endif
