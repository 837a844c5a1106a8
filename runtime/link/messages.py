"""Numbers of the binary extension; `firmware_stubs/include/ek_protocol.h` states them in C.

A test parses that header and compares, so neither file can change alone.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

PROTOCOL_VERSION = 1
REPLY = 0x80


class Msg(IntEnum):
    """Type of a request; its reply has type | REPLY."""

    INFO = 0x01
    WRITE = 0x02
    COMMIT = 0x03
    RUN = 0x04
    READ = 0x05
    PROFILE = 0x06
    STEPS = 0x07
    STEP = 0x08
    MEMORY = 0x09
    SELFTEST = 0x0A
    SAMPLE = 0x0B
    SAMPLES = 0x0C
    MACHINE = 0x0D
    FOLLOW = 0x0E
    CAMERA = 0x10
    FRAME = 0x11
    GATE = 0x12
    CAPTURE = 0x13
    SHOW = 0x14
    PIXELS = 0x15
    ERROR = 0x7F


class Err(IntEnum):
    """What the board objects to."""

    CRC = 0x01
    LENGTH = 0x02
    TYPE = 0x03
    RANGE = 0x04
    NO_INPUT = 0x05
    INPUT = 0x06
    NO_PROFILE = 0x07
    CAMERA = 0x08


class Guard(IntFlag):
    """Guard words that were overwritten since reset."""

    BEFORE = 0x01
    AFTER = 0x02
    STACK = 0x04


GUARDED_BLOCK = 4
"""Shift of the number of the block that a guard is about; see ek_protocol.h."""
GUARD_SENTENCES = {
    Guard.BEFORE: "bytes in front of the arena were overwritten",
    Guard.AFTER: "bytes behind the arena were overwritten",
    Guard.STACK: "the stack was used to its last word",
}
"""Guard -> sentence for the user."""

SENTENCES = {
    Err.CRC: "a frame arrived damaged",
    Err.LENGTH: "the frame is too long, or too long or short for its type",
    Err.TYPE: "the firmware does not know this request",
    Err.RANGE: "an offset, length or index lies outside what the model has",
    Err.NO_INPUT: "no complete input was loaded",
    Err.INPUT: "the input's checksum differs from the announced one",
    Err.NO_PROFILE: "the firmware was built without per-step hooks",
    Err.CAMERA: "the camera gives no frame",
}
"""Error code -> sentence for the user."""
ADVICE = {
    Err.LENGTH: "flash the firmware of this EdgeKit again: edgekit flash BUNDLE --port PORT",
    Err.TYPE: "flash the firmware of this EdgeKit; only firmware with a camera knows requests for "
    "frames, and only a runner those for single samples",
    Err.RANGE: "is this model on the board? Flash it again: edgekit flash BUNDLE --port PORT",
    Err.NO_INPUT: "repeat the command; a board that lost its input was reset meanwhile",
    Err.INPUT: "repeat the command; when it fails again, take a lower baud rate or another cable",
    Err.NO_PROFILE: "build and flash it with `edgekit flash`, which leaves the hooks in",
    Err.CAMERA: "check the camera's cable and supply, then reset the board",
}
"""Error code -> what to do next; Err.CRC is asked again and never told."""
