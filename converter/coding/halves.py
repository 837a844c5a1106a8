"""Floats as the float16 values that they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Coded:
    """`size` bytes of float32: a word is the bits of each as float16."""

    size: int
    words: tuple[int, ...]


def encode(data: bytes) -> Coded | None:
    """Bytes of float32 values as float16; None where one of them is no float16.

    >>> encode(np.array([1.0, -0.5], np.float32).tobytes())
    Coded(size=8, words=(15360, 47104))
    """
    real = np.frombuffer(data, "<f4")
    with np.errstate(over="ignore", invalid="ignore"):
        half = real.astype("<f2")
    if half.astype("<f4").tobytes() != data:
        return None
    return Coded(len(data), tuple(half.view("<u2").tolist()))


def decode(coded: Coded) -> bytes:
    """What was coded: the definition that the C decoder equals."""
    return np.array(coded.words, "<u2").view("<f2").astype("<f4").tobytes()
