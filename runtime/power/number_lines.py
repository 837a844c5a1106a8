"""Lines of numbers, as loggers and microcontrollers print them, parsed as arrays.

A line counts when it holds exactly the expected number of decimal numbers and nothing else;
`12`, `-3.50`, `+7` and blanks beside a number are understood, exponents are not. Numbers are
the nearest doubles for up to 15 digits; 18 are the most that are taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

DIGIT, SIGN, DOT, BREAK, END, BLANK, OTHER = range(7)
DIGITS = 18
"""Most digits of a number: more do not fit an int64."""
_TENS = 10 ** np.arange(DIGITS + 1, dtype=np.int64)
COMMENT = ord("#")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """`values` has shape (n, columns); `position` (n,) is the byte after each line's end.

    `comments` are the texts of lines that begin with `#`, without it; `rejected` counts lines
    that are neither, `before` how many rows came before each of these.
    """

    values: Floats
    position: Ints
    comments: tuple[str, ...]
    before: Ints

    @property
    def rejected(self) -> int:
        return len(self.before)


def parse_rows(raw: bytes, columns: int, separator: str = ",", *, summed: bool = False) -> Rows:
    """The rows of `columns` numbers in `raw`, wherever it was cut; never raises.

    What is left of a line after its last newline is not looked at. With `summed` the last number
    must be the sum of the line's bytes before its last separator, modulo 256.
    """
    data = np.frombuffer(raw, np.uint8)
    ends = np.flatnonzero(data == ord("\n")).astype(np.int64)
    if not len(ends):
        return Rows(np.zeros((0, columns)), ends, (), ends)
    data = data[: ends[-1] + 1]
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
    kinds = _kinds(separator)[data]
    good = np.add.reduceat((kinds == OTHER).view(np.int8), starts, dtype=np.int64) == 0
    good &= np.add.reduceat((kinds == BREAK).view(np.int8), starts, dtype=np.int64) == columns - 1
    values, whole = _numbers(data, kinds, np.repeat(good, ends - starts + 1), columns)
    good[good] = whole
    values = values[whole]
    if summed:
        right = _sums(data, kinds, starts, ends)[good] == values[:, -1]
        good[good] = right
        values = values[right]
    comment = data[starts] == COMMENT
    empty = np.add.reduceat((kinds < BREAK) | (kinds == OTHER), starts, dtype=np.int64) == 0
    texts = tuple(
        raw[starts[line] + 1 : ends[line]].decode("ascii", "replace").strip()
        for line in np.flatnonzero(comment)
    )
    rejected = ~good & ~comment & ~empty
    return Rows(values, ends[good] + 1, texts, np.cumsum(good)[rejected])


def rows_of(
    pieces: Iterable[bytes], columns: int, separator: str = ",", *, summed: bool = False
) -> Rows:
    """The rows of a stream that comes in pieces; how it was cut changes nothing."""
    found = [parse_rows(b"", columns)]
    rest, at, count = b"", 0, 0
    for piece in pieces:
        data = rest + piece
        size = data.rfind(b"\n") + 1
        rows = parse_rows(data[:size], columns, separator, summed=summed)
        found.append(replace(rows, position=rows.position + at, before=rows.before + count))
        rest, at, count = data[size:], at + size, count + len(rows.values)
    return Rows(
        np.concatenate([rows.values for rows in found]),
        np.concatenate([rows.position for rows in found]),
        tuple(comment for rows in found for comment in rows.comments),
        np.concatenate([rows.before for rows in found]),
    )


def _kinds(separator: str) -> Bytes:
    """What each of the 256 bytes is in a line of numbers."""
    table = np.full(256, OTHER, np.uint8)
    table[ord("0") : ord("9") + 1] = DIGIT
    table[[ord("+"), ord("-")]] = SIGN
    table[ord(".")] = DOT
    table[[ord(" "), ord("\t"), ord("\r")]] = BLANK
    table[ord(separator)] = BREAK
    table[ord("\n")] = END
    return table


def _numbers(data: Bytes, kinds: Bytes, keep: Flags, columns: int) -> tuple[Floats, Flags]:
    """The numbers of the lines kept, (n, columns), and which lines hold proper ones, (n,)."""
    place = np.flatnonzero(keep & (kinds != BLANK))
    kind = kinds[place]
    ends = np.flatnonzero((kind == BREAK) | (kind == END))
    if not len(ends):
        return np.zeros((0, columns)), np.zeros(0, np.bool_)
    starts = np.concatenate(([0], ends[:-1] + 1))
    digit, dot = kind == DIGIT, kind == DOT
    # A number in two pieces: a blank before a byte that does not begin it.
    torn = np.concatenate(([False], np.diff(place) > 1)) & (kind <= DOT)
    torn[starts] = False
    proper = _count(torn, starts) == 0
    held = _count(digit, starts)
    proper &= (held >= 1) & (held <= DIGITS) & (_count(dot, starts) <= 1)
    signed = kind[starts] == SIGN
    proper &= _count(kind == SIGN, starts) == signed
    seen = np.cumsum(digit)
    token = np.repeat(np.arange(len(ends)), np.diff(np.concatenate(([-1], ends))))
    right = seen[ends][token] - seen
    weight = _TENS[np.minimum(right, DIGITS)]
    number = np.add.reduceat(np.where(digit, data[place] - np.uint8(ord("0")), 0) * weight, starts)
    decimals = np.zeros(len(ends), np.int64)
    decimals[token[dot]] = right[dot]
    values = number / _TENS[np.minimum(decimals, DIGITS)]
    values[data[place][starts] == ord("-")] *= -1
    return values.reshape(-1, columns), proper.reshape(-1, columns).all(axis=1)


def _count(flags: Flags, starts: NDArray[np.intp]) -> Ints:
    counts: Ints = np.add.reduceat(flags, starts, dtype=np.int64)
    return counts


def _sums(data: Bytes, kinds: Bytes, starts: Ints, ends: Ints) -> Ints:
    """Sum of each line's bytes before its last separator, modulo 256."""
    last = np.maximum.accumulate(np.where(kinds == BREAK, np.arange(len(data)), 0))[ends]
    total = np.concatenate(([0], np.cumsum(data, dtype=np.int64)))
    sums: Ints = (total[np.maximum(last, starts)] - total[starts]) % 256
    return sums
