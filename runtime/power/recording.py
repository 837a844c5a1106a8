"""The bytes of one recording, read by a thread of its own and kept raw until it ends.

How bytes were cut on their way cannot matter then: they are decoded as one. They are kept on
disk where they are many, so memory does not grow with the recording.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import MeterError
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.spool import PIECE, Spool

ARRIVAL_S = 0.001
"""Times of arrival are noted at most this often."""
END_S = 5.0
"""How long late bytes are waited for, in case the device does not obey the order to stop."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A meter that speaks when asked: the request, and how often to ask."""

    request: bytes
    interval_s: float


@dataclass(frozen=True, slots=True)
class Capture:
    """What a recording holds. `marks` are (bytes so far, label), `arrivals` (bytes so far,
    seconds since the start), `elapsed_s` the length by this computer's clock."""

    data: bytes | Spool
    marks: tuple[tuple[int, str], ...] = ()
    arrivals: tuple[tuple[int, float], ...] = ()
    elapsed_s: float = 0.0

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.data)

    @property
    def raw(self) -> bytes:
        """All bytes at once."""
        return self.data if isinstance(self.data, bytes) else self.data.read(0, len(self.data))

    def pieces(self, size: int = PIECE) -> Iterator[bytes]:
        """All bytes in order, in pieces of at most `size`."""
        if isinstance(self.data, Spool):
            yield from self.data.pieces(size)
            return
        for first in range(0, len(self.data), size):
            yield self.data[first : first + size]

    def arrival_s(self, position: NDArray[np.int64]) -> NDArray[np.float64]:
        """When the byte at each `position` was here, seconds since the start, shape (n,)."""
        sizes = np.array([size for size, _ in self.arrivals], np.int64)
        times = np.array([seconds for _, seconds in self.arrivals], np.float64)
        if not len(sizes):
            return np.zeros(len(position))
        at = np.searchsorted(sizes, position, "right").clip(0, len(sizes) - 1)
        here: NDArray[np.float64] = times[at]
        return here


class Recording:
    """A running recording. `name` is the meter in messages; `silence_s` is how long its stream
    may be silent, None for ever; `dated` whether times of arrival are of use; `folder` where bytes
    are kept that are too many for memory."""

    def __init__(
        self,
        port: Port,
        name: str,
        *,
        silence_s: float | None = None,
        poll: Poll | None = None,
        dated: bool = True,
        folder: Path | None = None,
    ) -> None:
        self.failure: MeterError | None = None
        self._data = Spool(folder)
        self._marks: list[tuple[int, str]] = []
        self._dated = dated
        self._sizes, self._times = array("q"), array("d")
        self._port, self._name, self._silence_s, self._poll = port, name, silence_s, poll
        self._stopping = threading.Event()
        self._quiet_s = 0.0
        self._ending = 0.0
        self._started = self._stopped = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="meter-reader", daemon=True)

    def begin(self) -> None:
        self._started = time.monotonic()
        self._thread.start()

    def mark(self, label: str) -> None:
        """Note an event at the present end of the stream."""
        self._marks.append((len(self._data), label))

    def ask_to_end(self) -> None:
        """The time the recording took ends here, though late bytes still come."""
        self._stopped = time.monotonic()

    def end(self, quiet_s: float) -> None:
        """Read on until nothing came for `quiet_s`, at most for END_S, then end the thread."""
        self._quiet_s = quiet_s
        self._ending = time.monotonic()
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def capture(self) -> Capture:
        """All of it. Only after `end`."""
        elapsed = self._stopped - self._started
        arrivals = tuple(zip(self._sizes, self._times, strict=True))
        return Capture(self._data, tuple(self._marks), arrivals, elapsed)

    def close(self) -> None:
        """Give the bytes up."""
        self._data.close()

    def tail(self, size: int) -> Capture:
        """The last `size` bytes so far, while it runs."""
        end = len(self._data)
        first = max(0, end - size)
        noted = len(self._times)  # the other thread adds a size before its time
        few = slice(max(0, noted - 1000), noted)
        late = zip(self._sizes[few], self._times[few], strict=True)
        arrivals = tuple((at - first, seconds) for at, seconds in late if at > first)
        raw = self._data.read(first, end)
        return Capture(raw, (), arrivals, time.monotonic() - self._started)

    def _run(self) -> None:
        try:
            self._read()
        except MeterError as error:
            self.failure = error

    def _read(self) -> None:
        last = asked = time.monotonic()
        due = asked
        while True:
            if self._poll is not None and not self._stopping.is_set() and asked >= due:
                self._port.write(self._poll.request)
                due = asked + self._poll.interval_s
            data = self._port.read()
            asked = now = time.monotonic()
            if data:
                self._take(data, now)
                last = now
            quiet = now - last
            if self._stopping.is_set():
                if quiet >= self._quiet_s or now - self._ending > END_S:
                    return
            elif self._silence_s is not None and quiet > self._silence_s:
                raise self._silent(quiet)

    def _take(self, data: bytes, now: float) -> None:
        self._data.append(data)
        seconds = now - self._started
        if not self._dated:
            return
        if self._times and seconds - self._times[-1] < ARRIVAL_S:
            self._sizes[-1] = len(self._data)
        else:
            self._sizes.append(len(self._data))
            self._times.append(seconds)

    def _silent(self, quiet_s: float) -> MeterError:
        return MeterError(
            self._name,
            f"the stream fell silent for {quiet_s:.1f} s",
            hint="unplug the meter, plug it in again and start again",
            code="meter-silent",
        )


def drain(port: Port, quiet_s: float, limit_s: float = 1.0) -> bytes:
    """Read until nothing comes for `quiet_s`, at most for `limit_s`; what was read."""
    began = last = time.monotonic()
    data = bytearray()
    while time.monotonic() - last < quiet_s and time.monotonic() - began < limit_s:
        chunk = port.read()
        if chunk:
            data += chunk
            last = time.monotonic()
    return bytes(data)


def read_until(port: Port, done: Callable[[bytes], bool], limit_s: float) -> bytes:
    """Read until `done` says that what came is all, at most for `limit_s`; what was read."""
    deadline = time.monotonic() + limit_s
    data = b""
    while not done(data) and time.monotonic() < deadline:
        data += port.read()
    return data
