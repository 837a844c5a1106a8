"""Range asymmetric numeral systems over bytes, with one static table.

A number x of 32 bits holds what was coded. To code a byte of which `count` of 2^bits slots are,
from `start` on, x becomes (x // count) * 2^bits + x % count + start; 16 bits leave x first where it
would grow too large. Decoding runs backwards: the slot x % 2^bits names the byte. A byte of share p
costs log2(1/p) bits, fractions included, where Huffman's codes cost whole bits (Duda 2013,
"Asymmetric numeral systems"; the form with words of 16 bits follows Giesen 2014, "Interleaved
entropy coders").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

LEAST_BITS, MOST_BITS = 8, 12
"""Slots of a table are 2^bits: at least one for each byte; fewer take less scratch."""
LOW = 1 << 16
"""The number stays at or above it; below, 16 bits are read."""
WORTH = 0.005
"""Share by which the words must shrink for a table twice as large."""


@dataclass(frozen=True, slots=True)
class Table:
    """The bytes that occur, rising, and how many of 2^bits slots each has."""

    values: tuple[int, ...]
    counts: tuple[int, ...]
    bits: int


@dataclass(frozen=True, slots=True)
class Coded:
    """`size` bytes as words of 16 bits, to be read with a table."""

    size: int
    table: Table
    words: tuple[int, ...]


def encode(data: bytes) -> Coded:
    """Bytes, at least one, in as few words as a table of at most 2^MOST_BITS slots allows."""
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    table = _table(counts)
    return Coded(len(data), table, _words(data, table))


def decode(coded: Coded) -> bytes:
    """What was coded: the definition that the C decoder equals."""
    table, words = coded.table, iter(coded.words)
    mask = (1 << table.bits) - 1
    starts = _starts(table)
    slots = [i for i, count in enumerate(table.counts) for _ in range(count)]
    state = next(words) << 16 | next(words)
    found = bytearray()
    for _ in range(coded.size):
        slot = state & mask
        place = slots[slot]
        found.append(table.values[place])
        state = table.counts[place] * (state >> table.bits) + slot - starts[place]
        if state < LOW:
            state = state << 16 | next(words)
    assert state == LOW, "words are left over"
    return bytes(found)


def _words(data: bytes, table: Table) -> tuple[int, ...]:
    bits, known = table.bits, zip(table.values, table.counts, _starts(table), strict=True)
    rows = {value: (count, start, count << (32 - bits)) for value, count, start in known}
    state, words = LOW, []
    for value in reversed(data):
        count, start, limit = rows[value]
        if state >= limit:
            words.append(state & 0xFFFF)
            state >>= 16
        state = (state // count << bits) + state % count + start
    return (state >> 16, state & 0xFFFF, *reversed(words))


def _starts(table: Table) -> list[int]:
    return [0, *accumulate(table.counts)][:-1]


def _table(counts: NDArray[np.int64]) -> Table:
    """The table with which the bytes take the fewest words, a larger one only where it pays."""
    values = np.flatnonzero(counts)
    seen = counts[values].tolist()
    best, least = None, math.inf
    for bits in range(LEAST_BITS, MOST_BITS + 1):
        slots = scaled(seen, bits)
        size = sum(n * (bits - math.log2(s)) for n, s in zip(seen, slots, strict=True))
        if size < least * (1 - WORTH):
            best, least = Table(tuple(values.tolist()), tuple(slots), bits), size
    assert best is not None
    return best


def scaled(counts: list[int], bits: int) -> list[int]:
    """Positive counts as parts of 2^bits, each at least 1, near their shares.

    What rounding leaves over goes to, or comes from, those that it changes least (as seats are
    given by Sainte-Laguë).

    >>> scaled([1, 1000], 8)
    [1, 255]
    """
    total, whole = sum(counts), 1 << bits
    found = [max(1, round(count * whole / total)) for count in counts]
    places = range(len(counts))
    while (left := whole - sum(found)) != 0:
        if left > 0:
            found[max(places, key=lambda i: counts[i] / (found[i] + 0.5))] += 1
        else:
            able = [i for i in places if found[i] > 1]
            found[min(able, key=lambda i: counts[i] / (found[i] - 0.5))] -= 1
    return found
