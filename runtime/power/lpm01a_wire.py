"""The wire format of ST's X-NUCLEO-LPM01A: commands, and the two forms of its stream.

Facts: reference notes on the "PowerShield" firmware (USB CDC 0483:5740), gathered from public
sources and not checked against hardware.

    command    ASCII line; answered by `PowerShield > ack COMMAND` or `PowerShield > error COMMAND`
    ASCII      one line a sample, `6409-07` for 6409 * 10**-7; between them `TimeStamp: 001s 000ms,
               buff 02%` each second, `event 01 fal`, `error: ...`, `end`. A NUL may stand before a
               sample, and lines may come torn: only the exact seven characters are a sample.
    binary     two bytes a sample, big endian: high nibble p, 12 bits v, the value v * 16**-p. The
               nibble F is that of metadata: F0 kind ... FF FF, with kind F1 error text, F2 text,
               F3 four bytes of milliseconds (top bit: overflow) and the buffer's fill in per cent,
               F4 end, F5 over-current, F6 power down, F7 two bytes of millivolts.

A value is ampere, or with `output energy` joule per sample period.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

PROMPT = b"PowerShield >"
ANSWER = b"\r\n" + PROMPT
RATES = (
    *(100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000),
    *(500, 200, 100, 50, 20, 10, 5, 2, 1),
)
ASCII_RATE, ENERGY_RATE = 5_000, 10_000
"""Highest rates: of ASCII without an end, and of the energy output."""
RANGE_A = (100e-9, 50e-3)
MOST_A = 1.0
"""No sample is as large: a larger one was changed on its way."""
SPOILED = 0.005
"""A binary stretch with a larger share of impossible samples is left out as a whole."""
MIN_MV, MAX_MV = 1800, 3300
FULL_BUFFER = 90
"""Per cent of the device's buffer above which loss is near."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The device's clock after `sample` samples and `torn` pieces that were none: milliseconds,
    and the fill of its buffer."""

    sample: int
    ms: int
    buffer: int
    torn: int = 0


@dataclass(slots=True)
class _Found:
    """What stands between samples; the numbers count samples before it."""

    stamps: list[Stamp] = field(default_factory=list)
    events: list[tuple[int, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    rejected: list[int] = field(default_factory=list)
    volts: list[float] = field(default_factory=list)
    ended: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A decoded stream; arrays of shape (n,). `position` is the byte at which a sample ends."""

    values: Floats
    position: Ints
    stamps: tuple[Stamp, ...]
    events: tuple[tuple[int, str], ...]
    """(samples before it, "ris" or "fal")."""
    errors: tuple[str, ...]
    rejected: Ints
    """Samples before each piece that was no sample and no message."""
    volts: tuple[float, ...]
    ended: bool


def _stream(values: Floats, position: Ints, found: _Found) -> Stream:
    return Stream(
        values,
        position,
        tuple(found.stamps),
        tuple(found.events),
        tuple(found.errors),
        np.array(found.rejected, np.int64),
        tuple(found.volts),
        found.ended,
    )


STAMP = re.compile(rb"TimeStamp:[ <>]*(\d{1,9})s (\d{1,3})ms, buff (\d{1,3})%")
_EVENT = re.compile(rb"event \d+ (ris|fal)")
_CHATTER = (PROMPT, b"ack ", b"Acquisition", b"summary", b"Error detail")
_TENS = 10.0 ** np.arange(23)
_WIDTH = 7


def decode_ascii(raw: bytes, most: float = MOST_A) -> Stream:
    """Every sample in the ASCII stream `raw`, wherever it was cut; never raises.

    A value above `most` is none that the device could have sent. What is left of a line after its
    last newline is not looked at.
    """
    data = np.frombuffer(raw, np.uint8)
    starts, ends = _lines(data)
    length = ends - starts
    place = np.flatnonzero(length == _WIDTH)
    text = data[starts[place][:, None] + np.arange(_WIDTH)]
    digits = text[:, (0, 1, 2, 3, 5, 6)] - np.uint8(ord("0"))
    minus = text[:, 4] == ord("-")
    good = (digits <= 9).all(axis=1) & (minus | (text[:, 4] == ord("+")))
    exponent = digits[:, 4] * np.uint8(10) + digits[:, 5]
    good &= exponent < len(_TENS)
    values = _decimal(digits, np.where(good, exponent, 0).astype(np.uint8), minus)
    good &= values <= most
    values = values[good]
    is_sample = np.zeros(len(starts), np.bool_)
    is_sample[place[good]] = True
    before = np.cumsum(is_sample)
    found = _Found()
    for line in np.flatnonzero(~is_sample & (length > 0)):
        _message(raw[starts[line] : ends[line]], int(before[line]), found)
    return _stream(values, ends[place[good]], found)


def _lines(data: Bytes) -> tuple[Ints, Ints]:
    """Where each line begins and ends, without a NUL before it and a CR after it."""
    ends = np.flatnonzero(data == ord("\n")).astype(np.int64)
    starts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1] + 1))
    ends = ends - ((ends > starts) & (data[ends - 1] == ord("\r")))
    starts = starts + ((ends > starts) & (data[starts] == 0))
    return starts, ends


def _decimal(digits: Bytes, exponent: Bytes, minus: NDArray[np.bool_]) -> Floats:
    """Four digits and a signed exponent as numbers, each the nearest double there is."""
    mantissa = digits[:, :4].astype(np.float64) @ np.array([1000.0, 100.0, 10.0, 1.0])
    power = _TENS[exponent]
    values: Floats = np.where(minus, mantissa / power, mantissa * power)
    return values


def _message(line: bytes, before: int, found: _Found) -> None:
    """Take a line that is no sample."""
    stamp, event = STAMP.search(line), _EVENT.search(line)
    if stamp is not None:
        seconds, ms, buffer = (int(group) for group in stamp.groups())
        found.stamps.append(Stamp(before, 1000 * seconds + ms, buffer, len(found.rejected)))
    elif event is not None:
        found.events.append((before, event[1].decode()))
    elif line.lower().startswith(b"error:"):
        found.errors.append(line[6:].decode("ascii", "replace").strip())
    elif line.strip() == b"end" or b"Acquisition completed" in line:
        found.ended = True
    elif not line.lstrip().startswith(_CHATTER):
        found.rejected.append(before)


_META = re.compile(
    rb"\xf0(?:\xf3(.{5})|\xf7(..)|([\xf4-\xf6])|([\xf1\xf2])([\x20-\x7e\r\n]{0,120}?))\xff\xff",
    re.S,
)
OVER_CURRENT = "over-current"
_KINDS = {0xF5: OVER_CURRENT, 0xF6: "target powered down"}


def decode_binary(raw: bytes, most: float = MOST_A) -> Stream:
    """Every sample in the binary stream `raw`, wherever it was cut; never raises.

    A value above `most` is none that the device could have sent.

    Sampling starts after the first timestamp. No sample has the nibble F, so metadata is found
    at any byte; an odd number of bytes between two of them means that one was lost. The answer
    to the command that ends the stream ends the samples.
    """
    first = next(stamp_ends(raw), None)
    at = -1 if first is None else raw.find(ANSWER, first)
    return decode_segments(raw[:at] if at >= 0 else raw, most, begun=False, last=True)[0]


def stamp_ends(raw: bytes) -> Iterator[int]:
    """Where each timestamp of a binary stream ends."""
    return (match.end() for match in _META.finditer(raw) if match[1] is not None)


def decode_segments(raw: bytes, most: float, *, begun: bool, last: bool) -> tuple[Stream, bool]:
    """The samples between metadata, and whether a timestamp was seen by the end.

    `begun` says whether one was before; `last` that the stream ends with `raw`, so that its end
    may be in the middle of a sample.
    """
    found = _Found()
    parts: list[Floats] = [np.zeros(0)]
    places: list[Ints] = [np.zeros(0, np.int64)]
    count, at = 0, 0
    for match in (*_META.finditer(raw), None):
        end = match.start() if match is not None else len(raw)
        if begun and end > at:
            cut = match is None and last
            values, position = _segment(raw[at:end], found, count, most, last=cut)
            parts.append(values)
            places.append(at + position)
            count += len(values)
        if match is None:
            break
        begun |= match[1] is not None
        at = match.end()
        _metadata(match, count, found)
    return _stream(np.concatenate(parts), np.concatenate(places), found), begun


def _metadata(match: re.Match[bytes], before: int, found: _Found) -> None:
    stamp, volts, kind, text, words = match.groups()
    if stamp is not None:
        ms = int.from_bytes(stamp[:4], "big") & 0x7FFFFFFF
        found.stamps.append(Stamp(before, ms, stamp[4], len(found.rejected)))
    elif volts is not None:
        found.volts.append(int.from_bytes(volts, "big") / 1000)
    elif kind is not None:
        found.ended |= kind == b"\xf4"
        if kind[0] in _KINDS:
            found.errors.append(_KINDS[kind[0]])
    elif text == b"\xf1":
        found.errors.append(words.decode("ascii", "replace").strip())


def _segment(
    raw: bytes, found: _Found, before: int, most: float, *, last: bool
) -> tuple[Floats, Ints]:
    """The samples of the bytes between two pieces of metadata, and where in them each ends.

    The `last` stretch has no metadata after it and may just be cut in the middle of a sample.
    """
    words = np.frombuffer(raw, ">u2", len(raw) // 2)
    position = 2 + 2 * np.arange(len(words), dtype=np.int64)
    if len(raw) % 2 and not last:
        shifted = np.frombuffer(raw, ">u2", len(raw) // 2, 1)
        split = _split(words, shifted)
        words = np.concatenate((words[:split], shifted[split:]))
        position[split:] += 1
        found.rejected.append(before + split)
    values = _nibbles(words)
    good = (words < 0xF000) & (values <= most)
    if np.count_nonzero(~good) > max(2, SPOILED * len(good)):
        good[:] = False  # Out of step somewhere: what looks like samples is none either.
        found.rejected.append(before)
    else:
        found.rejected += (before + np.cumsum(good))[~good].tolist()
    return values[good], position[good]


def _nibbles(words: NDArray[np.uint16]) -> Floats:
    values: Floats = np.ldexp(
        (words & 0xFFF).astype(np.float64), -4 * (words >> 12).astype(np.int32)
    )
    return values


def _split(words: NDArray[np.uint16], shifted: NDArray[np.uint16]) -> int:
    """After how many `words` the lost byte most likely stood, the rest being `shifted`.

    The first word and the last shifted one are right, so a word is taken for the less right the
    further it is from both of them, in octaves.
    """
    if not len(words):
        return 0
    ends = _octaves(np.array([words[0], shifted[-1]]))
    far, far_shifted = (
        np.abs(_octaves(each)[:, None] - ends).min(axis=1) for each in (words, shifted)
    )
    before = np.concatenate(([0.0], np.cumsum(far)))
    after = np.concatenate((np.cumsum(far_shifted[::-1])[::-1], [0.0]))
    return int(np.argmin(before + after))


def _octaves(words: NDArray[np.uint16]) -> Floats:
    """Logarithm of the value to the base 2."""
    octaves: Floats = np.log2((words & 0xFFF) + 0.5) - 4.0 * (words >> 12)
    return octaves
