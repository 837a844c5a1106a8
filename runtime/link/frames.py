"""Frames: COBS between zero bytes, CRC-16/CCITT-FALSE inside.

COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM ToN 7(2), 1999. The
layout is stated in `firmware_stubs/include/ek_protocol.h`.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass

OVERHEAD = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: `type` and `seq` are bytes, `payload` up to the board's limit."""

    type: int
    seq: int
    payload: bytes


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, initial value 0xFFFF, nothing reflected."""
    return crc_hqx(data, 0xFFFF)


def cobs_encode(data: bytes) -> bytes:
    """`data` without zero bytes, at most one byte longer per 254."""
    out = bytearray()
    at = 0
    while True:
        zero = data.find(b"\0", at, at + 254)
        run = (zero if zero >= 0 else min(len(data), at + 254)) - at
        out += bytes([run + 1]) + data[at : at + run]
        at += run
        if at >= len(data):
            return bytes(out)
        if run < 254:  # the zero this block stands for
            at += 1


def cobs_decode(data: bytes) -> bytes:
    """The inverse. Raises ValueError for what no encoder makes."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        end = at + code
        if code == 0 or end > len(data) or 0 in data[at + 1 : end]:
            raise ValueError("not COBS")
        out += data[at + 1 : end]
        if code < 255 and end < len(data):
            out.append(0)
        at = end
    return bytes(out)


def encode(frame: Frame) -> bytes:
    """The frame's bytes on the line, both zero bytes included."""
    body = bytes([frame.type, frame.seq]) + frame.payload
    return b"\0" + cobs_encode(body + crc16(body).to_bytes(2, "little")) + b"\0"


def decode(encoded: bytes) -> Frame:
    """The frame between two zero bytes. Raises ValueError when it arrived damaged."""
    body = cobs_decode(encoded)
    if len(body) < OVERHEAD or crc16(body[:-2]) != int.from_bytes(body[-2:], "little"):
        raise ValueError("damaged frame")
    return Frame(body[0], body[1], body[2:-2])
