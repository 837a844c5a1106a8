"""The wire format of RuiDeng's TC66 and TC66C on USB.

Facts: reference notes, gathered from public sources and not checked against hardware. `getva` is
answered by 192 bytes, AES-256-ECB with a fixed key. Decrypted they are three stretches of 64
bytes that begin with `pac1`, `pac2`, `pac3` and end with the CRC-16 (Modbus) of what is before,
in a word of four bytes, little endian as all numbers:

    pac1    4 "TC66" | 8 version | 12 serial | 48 V (100 uV) | 52 A (10 uA) | 56 W (100 uW)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.runtime.power.aes import BLOCK, decrypt

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

REQUEST = b"getva"
LENGTH, PART = 192, 64
KEY = bytes.fromhex("5821fa5601b2f02687ff1204622a4fb086f40260816f9a0ba7f106619ab87288")
RANGE_A = (10e-6, 5.0)
NAME = b"TC66"
BEGINNING = np.frombuffer(b"pac1" + NAME, np.uint8)
VERSION, SERIAL, VOLTS, AMPS, WATTS = 8, 12, 48, 52, 56


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Arrays of shape (n,); `position` is the byte after each answer, `skipped` bytes are none."""

    volts: Floats
    amps: Floats
    position: Ints
    skipped: int
    version: str
    serial: int


def decode(raw: bytes) -> Readings:
    """Every whole answer in `raw`, wherever it was cut; never raises."""
    plain, position = [np.zeros((0, LENGTH), np.uint8)], [np.zeros(0, np.int64)]
    at = 0
    while len(raw) - at >= LENGTH:
        answers = _plain(raw, at)
        good = _whole(answers)
        count = len(good) if good.all() else int(np.argmin(good))
        plain.append(answers[:count])
        position.append(at + LENGTH * np.arange(1, count + 1, dtype=np.int64))
        at += LENGTH * count
        if count < len(good):
            at = _next(raw, at + 1)
    table = np.concatenate(plain)
    return Readings(
        volts=_words(table, VOLTS) * 1e-4,
        amps=_words(table, AMPS) * 1e-5,
        position=np.concatenate(position),
        skipped=len(raw) - LENGTH * len(table),
        version=bytes(table[0, VERSION : VERSION + 4]).decode("ascii", "replace")
        if len(table)
        else "",
        serial=int(_words(table, SERIAL)[0]) if len(table) else 0,
    )


LOOK = 4096
"""Bytes looked through at once for the next answer."""


def _next(raw: bytes, at: int) -> int:
    """Where the next answer begins, at or after `at`; the end of `raw` when none does."""
    while len(raw) - at >= BLOCK:
        stretch = np.frombuffer(raw[at : at + LOOK + BLOCK - 1], np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(stretch, BLOCK)
        found = (decrypt(windows, KEY)[:, : len(BEGINNING)] == BEGINNING).all(axis=1)
        if found.any():
            return at + int(np.argmax(found))
        at += len(windows)
    return len(raw)


def _plain(raw: bytes, at: int) -> Bytes:
    """The answers that follow one another from `at` on, decrypted, (n, 192); n at most LOOK."""
    count = min((len(raw) - at) // LENGTH, LOOK)
    blocks = np.frombuffer(raw, np.uint8, count * LENGTH, at).reshape(-1, BLOCK)
    return decrypt(blocks, KEY).reshape(count, LENGTH)


def _whole(answers: Bytes) -> NDArray[np.bool_]:
    """Which answers have their marks and checks."""
    parts = answers.reshape(-1, 3, PART)
    good: NDArray[np.bool_] = (parts[:, 0, 4:8] == BEGINNING[4:]).all(axis=1)
    for number in range(3):
        part = parts[:, number]
        good &= (part[:, :4] == np.frombuffer(b"pac%d" % (number + 1), np.uint8)).all(axis=1)
        good &= crc16(part[:, :-4]) == _words(part, PART - 4)
    return good


def _words(table: Bytes, at: int) -> Ints:
    """The little-endian word of four bytes at `at` of every row."""
    words: Ints = np.ascontiguousarray(table[:, at : at + 4]).view("<u4").ravel().astype(np.int64)
    return words


def crc16(rows: Bytes) -> Ints:
    """CRC-16 as Modbus has it (reflected 0x8005, from 0xFFFF) of every row."""
    crc = np.full(len(rows), 0xFFFF, np.int64)
    for at in range(rows.shape[1]):
        crc ^= rows[:, at]
        for _ in range(8):
            crc = np.where(crc & 1, (crc >> 1) ^ 0xA001, crc >> 1)
    return crc
