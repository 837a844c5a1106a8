"""The smallest of the forms in which weights can be stored, by counting their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgekit.converter.coding import halves, palette, rans

CALL_BYTES = 40
"""Flash that a call of a decoder takes besides tables and words: parameters and code, rounded up
from what arm-none-eabi-gcc 12 makes of one for Cortex-M4."""

Coded = rans.Coded | palette.Coded | halves.Coded


@dataclass(frozen=True, slots=True)
class Choice:
    """A form, and whether what it gives back are lanes apart (`apart`), to be joined."""

    form: Coded
    lanes: bool


def apart(data: bytes) -> bytes:
    """Bytes of int16 lanes, 256 * second + first, with what the first borrows given back.

    Packings for processors that widen two weights at once store the sum, in which every value of
    the second byte comes in two forms.

    >>> list(apart(bytes([255, 4, 1, 5])))
    [255, 5, 1, 5]
    """
    found = np.frombuffer(data, np.uint8).copy()
    found[1::2] += (found[0 : len(found) - 1 : 2] > 127).astype(np.uint8)
    return found.tobytes()


def flash(coded: Coded) -> int:
    """Bytes of tables and words."""
    words = 2 * len(coded.words)
    if isinstance(coded, halves.Coded):
        return words
    if isinstance(coded, rans.Coded):
        return words + 3 * len(coded.table.values)
    return words + len(coded.values)


@lru_cache(maxsize=512)
def smallest(data: bytes, *, floats: bool = False) -> Choice | None:
    """The form that takes the least flash; None where bytes as they are take no more.

    `floats` that are all float16 values take that form: codes save a tenth more at best, and take
    five times as long. Kept, because a program is lowered several times.
    """
    if not data:
        return None
    half = halves.encode(data) if floats else None
    if half is not None:
        return Choice(half, lanes=False) if flash(half) + CALL_BYTES < len(data) else None
    forms: list[Choice] = []
    for bytes_, lanes in ((data, False), (apart(data), True)):
        made = (rans.encode(bytes_), palette.encode(bytes_))
        forms += [Choice(form, lanes) for form in made if form is not None]
    best = min(forms, key=lambda choice: flash(choice.form))
    return best if flash(best.form) + CALL_BYTES < len(data) else None
