"""The wire format of Nordic's Power Profiler Kit II: commands, metadata, samples, calibration.

Facts: reference notes on the PPK2 protocol (USB CDC 1915:C00A), gathered from public sources and
not checked against hardware. A sample is four bytes, little endian, 100,000 a second:

    bits 0-13 ADC | 14-16 range 0..4 | 18-23 counter modulo 64 | 24-31 digital inputs D0..D7

The current of a sample, from the ADC value, its range r and the supply in millivolts:

    a = (4 * adc - O[r]) * (1.8 / 163840) / R[r]
    I = UG[r] * (a * (GS[r] * a + GI[r]) + S[r] * mV / 1000 + I[r])            ampere
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

USB_ID = (0x1915, 0xC00A)
SAMPLE_RATE = 100_000
RANGES = 5
COUNTER = 64
ADC_MAX = 0x3FFF
VOLTS_PER_COUNT = 1.8 / 163840
"""Of the ADC value times four."""
RANGE_A = (200e-9, 1.0)
"""Resolution of the lowest range and end of the highest, ampere."""
MIN_MV, MAX_MV = 800, 5000

START = b"\x06"
STOP = b"\x07"
POWER_OFF = b"\x0c\x00"
POWER_ON = b"\x0c\x01"
REGULATOR = 0x0D
MODE_AMPERE = b"\x11\x01"
MODE_SOURCE = b"\x11\x02"
GET_METADATA = b"\x19"
RESET = b"\x20"
METADATA_END = "END"

Row = tuple[float, ...]


def regulator(millivolts: int) -> bytes:
    """The command that sets the supply, 800 to 5000 mV."""
    if not MIN_MV <= millivolts <= MAX_MV:
        raise ValueError(f"{millivolts} mV is outside {MIN_MV} to {MAX_MV}")
    return bytes((REGULATOR, *millivolts.to_bytes(2, "big")))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The coefficients of the formula above, one per range, and the device's words about them.

    The defaults are what a device without stored calibration gets.
    """

    r: Row = (1031.64, 101.65, 10.15, 0.94, 0.043)
    gs: Row = (1.0,) * RANGES
    gi: Row = (1.0,) * RANGES
    o: Row = (0.0,) * RANGES
    s: Row = (0.0,) * RANGES
    i: Row = (0.0,) * RANGES
    ug: Row = (1.0,) * RANGES
    calibrated: str = ""
    """What the device says after `Calibrated:`."""
    hardware: str = ""
    missing: tuple[str, ...] = ()
    """Keys that were absent or not numbers, for which the defaults stand."""


# Metadata key -> field. Longest first: "GS0" is no "S0".
FIELDS = {"UG": "ug", "GS": "gs", "GI": "gi", "R": "r", "O": "o", "S": "s", "I": "i"}
_LINE = re.compile(r"^\s*([A-Za-z]+)(\d?)\s*:\s*(\S+)\s*$")


def parse_metadata(text: str) -> Calibration | None:
    """The calibration in the answer to GET_METADATA; None when this is no PPK2's answer.

    Values that are `nan`, not numbers or (for resistors) zero count as missing.
    """
    values = _metadata_values(text)
    if not any(f"R{index}" in values for index in range(RANGES)):
        return None
    default = Calibration()
    missing: list[str] = []
    rows: dict[str, Any] = {}
    for key, name in FIELDS.items():
        rows[name] = _row(key, values, getattr(default, name), missing)
    return Calibration(
        **rows,
        calibrated=values.get("Calibrated", ""),
        hardware=values.get("HW", ""),
        missing=tuple(missing),
    )


def _metadata_values(text: str) -> dict[str, str]:
    """Key -> text of every `Key: value` line before END."""
    found = (_LINE.match(line) for line in text.split(METADATA_END)[0].splitlines())
    return {match[1] + match[2]: match[3] for match in found if match}


def _row(key: str, values: dict[str, str], default: Row, missing: list[str]) -> Row:
    row: list[float] = []
    for index in range(RANGES):
        number = _number(values.get(f"{key}{index}"))
        if number is None or (key == "R" and number <= 0):
            missing.append(f"{key}{index}")
            number = default[index]
        row.append(number)
    return tuple(row)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Decoded samples of one recording; arrays of shape (n,).

    `index` counts sample periods from the first sample, so that a jump is a loss. `skipped`
    bytes belonged to no sample, `lost` samples are missing between the first and the last.
    """

    index: Ints
    adc: Ints
    range: NDArray[np.uint8]
    digital: NDArray[np.uint8]
    position: Ints
    """Byte position of each sample in the stream."""
    lost: int
    skipped: int


class Decoder:
    """Decodes a stream that comes in pieces; how it was cut changes nothing.

    The format has no start mark. Bytes lost on the way shift the frame; the shift shows as a
    counter that no longer counts, and the frame that counts is looked for again. Bytes in which no
    frame counts are left out.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._before = 0
        """Bytes of the stream before `_rest`."""
        self._block, self._in_step = 4 * LOOK, False
        self._last: tuple[int, int] | None = None
        """Counter and index of the last sample."""

    def feed(self, data: bytes) -> Words:
        """The samples that are certain now that `data` follows; never raises."""
        return self._words(data, last=False)

    def finish(self) -> Words:
        """The samples of what is left."""
        return self._words(b"", last=True)

    def _words(self, data: bytes, *, last: bool) -> Words:
        raw = self._rest + data
        words, position, taken = self._frames(raw, last=last)
        position += self._before
        self._rest = raw[taken:]
        self._before += taken
        good = ((words >> 14) & 7) < RANGES
        words, position = words[good], position[good]
        index, lost = self._index((words >> 18) & (COUNTER - 1))
        return Words(
            index=index,
            adc=(words & ADC_MAX).astype(np.int64),
            range=((words >> 14) & 7).astype(np.uint8),
            digital=(words >> 24).astype(np.uint8),
            position=position,
            lost=lost,
            skipped=taken - 4 * len(words),
        )

    def _index(self, counter: NDArray[np.integer[Any]]) -> tuple[Ints, int]:
        """Sample periods since the first sample, and how many samples are missing."""
        if not len(counter):
            return np.zeros(0, np.int64), 0
        step = _steps(counter)
        if self._last is None:
            first, step[0] = 0, 0
        else:
            first = self._last[1]
            step[0] = (int(counter[0]) - self._last[0]) % COUNTER or COUNTER
        index = first + np.cumsum(step)
        lost = int(index[-1]) - first - len(index) + (self._last is None)
        self._last = (int(counter[-1]), int(index[-1]))
        return index, lost

    def _frames(self, raw: bytes, *, last: bool) -> tuple[NDArray[np.uint32], Ints, int]:
        """Words and their byte positions, following the frame through shifts, and how many bytes
        were looked at. More may follow unless this is the `last` piece."""
        parts: list[NDArray[np.uint32]] = [np.zeros(0, np.uint32)]
        places: list[Ints] = [np.zeros(0, np.int64)]
        at = 0
        while len(raw) - at >= (4 if last else 4 * (self._block + 2 * LOOK + 4)):
            at, counting = _best_shift(raw, at)
            if not counting:
                at, self._block, self._in_step = at + 4 * LOOK, 4 * LOOK, False
                continue
            if not self._in_step:
                at += 4 * _not_counting(raw, at)
            left = (len(raw) - at) // 4
            words = np.frombuffer(raw, "<u4", min(left, self._block), at)
            keep = _in_step(words)
            self._in_step = keep == len(words)
            if self._in_step and left > len(words):
                keep -= LOOK  # The next block looks at them again: the frame may be lost in them.
            parts.append(words[:keep])
            places.append(at + 4 * np.arange(keep, dtype=np.int64))
            at += 4 * keep
            self._block = min(4 * self._block, BLOCK) if self._in_step else 4 * LOOK
        taken = len(raw) if last else at
        return np.concatenate(parts), np.concatenate(places), taken


def decode(raw: bytes) -> Words:
    """Every sample in the byte stream `raw`, wherever it was cut; never raises."""
    decoder = Decoder()
    first, rest = decoder.feed(raw), decoder.finish()
    arrays = ("index", "adc", "range", "digital", "position")
    joined: dict[str, Any] = {
        name: np.concatenate((getattr(first, name), getattr(rest, name))) for name in arrays
    }
    return Words(**joined, lost=first.lost + rest.lost, skipped=first.skipped + rest.skipped)


def _steps(counter: NDArray[np.integer[Any]]) -> Ints:
    """Sample periods from one sample to the next, 1 to 64; the counter cannot tell 1 from 65."""
    step = np.ones(len(counter), np.int64)
    step[1:] = np.diff(counter.astype(np.int64)) % COUNTER
    step[step == 0] = COUNTER
    return step


LOOK = 16
"""Steps looked at to tell whether a frame counts."""
BLOCK = 1 << 18
"""Samples looked at in one go once the stream is in step."""


def _counts(words: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """For every word but the first: does its counter follow that of the word before?"""
    counter = ((words >> 18) & (COUNTER - 1)).astype(np.int64)
    follows: NDArray[np.bool_] = np.diff(counter) % COUNTER == 1
    return follows


def _in_step(words: NDArray[np.uint32]) -> int:
    """How many words pass before half of LOOK steps in a row do not count by one.

    Lost samples alone make single jumps; a shifted frame makes nearly all steps jump.
    """
    bad = ~_counts(words)
    held = np.cumsum(np.concatenate(([0], bad)))
    crowded = np.flatnonzero(held[LOOK:] - held[:-LOOK] > LOOK // 2)
    if not len(crowded):
        return len(words)
    first = crowded[0]
    return int(first + np.flatnonzero(bad[first : first + LOOK])[0] + 1)


def _best_shift(raw: bytes, start: int) -> tuple[int, bool]:
    """`start` plus the 0 to 3 bytes after which the next words count best, and if they do."""
    steps, negative = max((_counting(raw, at), -at) for at in range(start, start + 4))
    possible = min(LOOK, (len(raw) + negative) // 4 - 1)
    return -negative, 2 * steps >= possible


def _counting(raw: bytes, start: int) -> int:
    """Steps by one among the LOOK steps from `start` on."""
    return int(np.count_nonzero(_first_steps(raw, start)))


def _not_counting(raw: bytes, start: int) -> int:
    """Words from `start` on before the first step by one: what is left of a broken frame."""
    steps = _first_steps(raw, start)
    return int(np.argmax(steps)) if steps.any() else 0


def _first_steps(raw: bytes, start: int) -> NDArray[np.bool_]:
    """`_counts` of the first LOOK steps from `start` on."""
    count = max(0, min(LOOK + 1, (len(raw) - start) // 4))
    return _counts(np.frombuffer(raw[start : start + 4 * count], "<u4"))


def amps(words: Words, calibration: Calibration, millivolts: float) -> Floats:
    """Calibrated current of every sample, ampere, float64 of shape (n,)."""
    c, r = calibration, words.range
    column = {name: np.asarray(getattr(c, name), np.float64)[r] for name in FIELDS.values()}
    a = (4.0 * words.adc - column["o"]) * VOLTS_PER_COUNT / column["r"]
    linear = a * (column["gs"] * a + column["gi"])
    current: Floats = column["ug"] * (linear + column["s"] * millivolts / 1000 + column["i"])
    return current
