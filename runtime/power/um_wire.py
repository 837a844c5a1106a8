"""The wire format of RuiDeng's UM24C, UM25C and UM34C over Bluetooth's serial port.

Facts: reference notes, gathered from public sources and not checked against hardware. The byte F0
is answered by 130 bytes, big endian: 0 model | 2 volts | 4 amperes | 6 watts (four bytes, mW) |
10 degrees C | 128 end. The end is FFF1; on a UM34C its last byte is the exclusive or of others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

REQUEST = b"\xf0"
LENGTH = 130
END = 0xFFF1
# The bytes of an answer that a UM34C sums up in the last one.
SUMMED = (
    *(1, 3, 7, 9, 15, 17, 19, 23, 31, 39, 41, 45, 49, 53, 55, 57, 59, 63, 67, 69, 73, 79, 83, 89),
    *(97, 99, 109, 111, 113, 119, 121, 127),
)


@dataclass(frozen=True, slots=True)
class Model:
    """A model: how it is told, volts and amperes of one step, its largest current."""

    title: str
    mark: int
    volt: float
    ampere: float
    most_a: float
    summed: bool = False


MODELS = {
    "um24c": Model("UM24C", 0x0963, 0.01, 0.001, 3.0),
    "um25c": Model("UM25C", 0x09C9, 0.001, 0.0001, 5.0),
    "um34c": Model("UM34C", 0x0D4C, 0.01, 0.001, 4.0, summed=True),
}


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Arrays of shape (n,); `position` is the byte after each answer, `skipped` bytes are none."""

    volts: Floats
    amps: Floats
    position: Ints
    skipped: int


def decode(raw: bytes, model: Model) -> Readings:
    """Every whole answer of `model` in `raw`, wherever it was cut; never raises."""
    data = np.frombuffer(raw, np.uint8)
    starts = _starts(data, model)
    table = data[starts[:, None] + np.arange(LENGTH)]
    return Readings(
        volts=_words(table, 2) * model.volt,
        amps=_words(table, 4) * model.ampere,
        position=starts + LENGTH,
        skipped=len(raw) - LENGTH * len(starts),
    )


def tell(raw: bytes) -> str:
    """The scheme of the model that answered, "" for none."""
    for scheme, model in MODELS.items():
        if len(_starts(np.frombuffer(raw, np.uint8), model)):
            return scheme
    return ""


def _starts(data: Bytes, model: Model) -> Ints:
    """Where whole answers begin; none lies in another."""
    last = max(0, len(data) - LENGTH + 1)
    high, low = divmod(model.mark, 256)
    places = np.flatnonzero((data[:last] == high) & (data[1 : last + 1] == low)).astype(np.int64)
    table = data[places[:, None] + np.arange(LENGTH)]
    if model.summed:
        good = np.bitwise_xor.reduce(table[:, SUMMED], axis=1) == table[:, -1]
    else:
        good = _words(table, LENGTH - 2) == END
    kept: list[int] = []
    for place in places[good].tolist():
        if not kept or place >= kept[-1] + LENGTH:
            kept.append(place)
    return np.array(kept, np.int64)


def _words(table: Bytes, at: int) -> Ints:
    words: Ints = table[:, at].astype(np.int64) * 256 + table[:, at + 1]
    return words
