"""The LPM01A's streams piece by piece: cut where the device tells its clock, decoded as one.

Between two timestamps a stream is decoded as a whole, so how it came changes nothing; more than
LIMIT bytes without a timestamp are decoded without waiting for one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from edgekit.runtime.power import lpm01a_wire as wire

LIMIT = 1 << 23


class Decoder(Protocol):
    """`feed` gives what is certain now, `finish` the rest; positions are those in the stream."""

    def feed(self, data: bytes) -> wire.Stream: ...

    def finish(self) -> wire.Stream: ...


class AsciiDecoder:
    """Of lines, cut after the last timestamp's. `most` is the largest value there is."""

    def __init__(self, most: float = wire.MOST_A) -> None:
        self._most, self._rest, self._before = most, b"", 0

    def feed(self, data: bytes) -> wire.Stream:
        self._rest += data
        end = max((match.end() for match in wire.STAMP.finditer(self._rest)), default=0)
        newline = self._rest.find(b"\n", end) + 1 if end else 0
        if not newline and len(self._rest) > LIMIT:
            newline = self._rest.rfind(b"\n") + 1
        return self._decode(newline)

    def finish(self) -> wire.Stream:
        return self._decode(len(self._rest))

    def _decode(self, size: int) -> wire.Stream:
        piece, self._rest = self._rest[:size], self._rest[size:]
        stream = wire.decode_ascii(piece, self._most)
        stream.position[:] += self._before
        self._before += size
        return stream


class BinaryDecoder:
    """Of two-byte samples, cut after the last timestamp. Sampling starts after the first one, and
    the answer to the command that ends the stream ends the samples."""

    def __init__(self, most: float = wire.MOST_A) -> None:
        self._most, self._rest, self._before = most, b"", 0
        self._begun = self._over = False

    def feed(self, data: bytes) -> wire.Stream:
        if not self._over:
            self._rest += data
            self._stop_at_answer()
        end = max(wire.stamp_ends(self._rest), default=0)
        if not end and len(self._rest) > LIMIT:
            end = len(self._rest) & ~1
        return self._decode(end, last=False)

    def finish(self) -> wire.Stream:
        return self._decode(len(self._rest), last=True)

    def _stop_at_answer(self) -> None:
        first = 0 if self._begun else next(wire.stamp_ends(self._rest), None)
        at = -1 if first is None else self._rest.find(wire.ANSWER, first)
        if at >= 0:
            self._rest, self._over = self._rest[:at], True

    def _decode(self, size: int, *, last: bool) -> wire.Stream:
        piece, self._rest = self._rest[:size], self._rest[size:]
        stream, self._begun = wire.decode_segments(piece, self._most, begun=self._begun, last=last)
        stream.position[:] += self._before
        self._before += size
        return stream


def decoder(form: str, most: float) -> Decoder:
    """The decoder of the "ascii" or the "binary" stream."""
    return AsciiDecoder(most) if form == "ascii" else BinaryDecoder(most)


class Timeline:
    """The sample period each sample belongs to, from 0, over a stream that comes in pieces.

    The device's timestamps tell how many samples there should be. Where fewer came, pieces that
    were no sample say where; the rest is put before the timestamp. Timestamps count milliseconds,
    so a few samples at high rates are below what can be told. `lost` counts what is missing.
    """

    def __init__(self, rate: int) -> None:
        self.lost = 0
        self._rate = rate
        self._tolerance = max(1, (rate - 1) // 1000)
        self._first: wire.Stamp | None = None
        self._last: wire.Stamp | None = None
        self._samples = self._shift = 0
        self._origin: int | None = None

    def extend(self, stream: wire.Stream) -> wire.Ints:
        """The periods of the next samples."""
        gaps = np.zeros(len(stream.values) + 1, np.int64)
        torn = 0
        for stamp in stream.stamps:
            here = replace(stamp, sample=stamp.sample + self._samples)
            if self._first is not None and self._last is not None:
                self._fill(gaps, stream.rejected[torn : stamp.torn], self._last, here)
            self._first = self._first or here
            self._last, torn = here, stamp.torn
        index: wire.Ints = np.arange(len(stream.values)) + np.cumsum(gaps[:-1])
        index += self._samples + self._shift
        self._samples += len(stream.values)
        self._shift += int(gaps.sum())
        if self._origin is None and len(index):
            self._origin = int(index[0])
        index -= self._origin or 0
        return index

    def _fill(self, gaps: wire.Ints, torn: wire.Ints, last: wire.Stamp, here: wire.Stamp) -> None:
        """Leave gaps for what is missing between two timestamps, where pieces were `torn`."""
        assert self._first is not None
        expected = round((here.ms - self._first.ms) * self._rate / 1000)
        missing = expected - (here.sample - self._first.sample) - self.lost
        if missing <= (0 if len(torn) else self._tolerance) or here.ms <= last.ms:
            return
        np.add.at(gaps, torn[:missing], 1)
        where = torn[-1] if len(torn) else here.sample - self._samples
        gaps[where] += max(0, missing - len(torn))
        self.lost += missing


def timeline(stream: wire.Stream, rate: int) -> tuple[wire.Ints, int]:
    """The periods of a whole stream's samples, and how many samples were lost."""
    line = Timeline(rate)
    return line.extend(stream), line.lost
