"""Bytes as indices into a table of those that occur, each in as few bits as count them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_BITS = 7
"""With 8 nothing would be saved."""


@dataclass(frozen=True, slots=True)
class Coded:
    """`size` bytes: index i is bits [i * bits, (i + 1) * bits) of the words, the lowest first.

    `values` has 2^bits entries, so that every index finds one.
    """

    size: int
    values: tuple[int, ...]
    bits: int
    words: tuple[int, ...]


def encode(data: bytes) -> Coded | None:
    """Bytes, at least one, as indices; None where more than 128 different ones occur."""
    values, indices = np.unique(np.frombuffer(data, np.uint8), return_inverse=True)
    bits = (len(values) - 1).bit_length()
    if bits > MOST_BITS:
        return None
    places = indices.reshape(-1, 1) >> np.arange(bits) & 1
    packed = np.packbits(places.astype(np.uint8).ravel(), bitorder="little")
    words = np.pad(packed, (0, packed.size % 2)).view("<u2")
    padded = [*values.tolist(), *[int(values[-1])] * ((1 << bits) - len(values))]
    return Coded(len(data), tuple(padded), bits, tuple(words.tolist()))


def decode(coded: Coded) -> bytes:
    """What was coded: the definition that the C decoder equals."""
    number = sum(word << 16 * i for i, word in enumerate(coded.words))
    mask = (1 << coded.bits) - 1
    return bytes(coded.values[number >> coded.bits * i & mask] for i in range(coded.size))
