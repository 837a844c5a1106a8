"""What all emulated meters have in common: a device on a pseudo-terminal, and what goes wrong.

An emulator takes the bytes the real device takes and answers in its wire format. It plays its
load in real time, or with `speed` 0 as fast as the bytes are read, which is for tests.
"""

from __future__ import annotations

import os
import select
import threading
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.runtime.opened import Closed
from edgekit.runtime.posix import raw_terminal
from edgekit.runtime.power.emulators.load import Load

BLOCK_S = 0.02
"""Real time between blocks of samples."""
BLOCK = 4096
"""Samples in a block where time does not matter."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, all off. Times are seconds of the stream."""

    drop: float = 0.0
    """Share of the samples that are never sent."""
    noise: float = 0.0
    """Share of the bytes that arrive changed."""
    tear: float = 0.0
    """Share of the bytes that never arrive: torn lines, shifted frames."""
    stale: bool = False
    """The device still streams for somebody who went away."""
    reset_after_s: float | None = None
    """The device restarts and forgets what it was told."""
    hang_after_s: float | None = None
    """The device falls silent."""
    unplug_after_s: float | None = None
    """Its port goes away."""


class Emulator(Closed):
    """The device behind `path`. `close` ends it; it is a context manager.

    `seconds` ends the stream after so much time of the load; `done` is set then.
    """

    rate = 1
    """Samples a second, where the device streams."""
    unasked = False
    """Whether it streams from the moment it is plugged in."""

    def __init__(
        self,
        load: Load,
        faults: Faults | None = None,
        *,
        seed: int = 0,
        speed: float = 1.0,
        seconds: float | None = None,
    ) -> None:
        self.load, self.faults = load, faults or Faults()
        self.done = threading.Event()
        self.sent = 0
        """Samples of this stream so far, dropped ones too."""
        self._speed, self._seconds = speed, seconds
        self._rng = np.random.default_rng(seed)
        self._master, self._slave, self.path = raw_terminal("an emulated meter")
        os.set_blocking(self._master, False)
        self._wake_read, self._wake_write = os.pipe()
        self._output, self._input = bytearray(), bytearray()
        self._streaming = self._closing = self._gone = self._hung = self._ended = False
        self._started = time.monotonic()
        if self.faults.stale or self.unasked:
            self.begin()
        self._thread = threading.Thread(target=self._run, name="emulated-meter", daemon=True)
        self._thread.start()

    def receive(self) -> None:
        """Take complete commands out of `self._input` and answer with `send`."""
        raise NotImplementedError

    def block(self, first: int, count: int) -> bytes:
        """The bytes of samples `first` to `first + count` of the stream."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget what was told, as after power-on."""
        self._streaming = False

    def begin(self) -> None:
        """Start the stream from the beginning of the load."""
        self._streaming, self.sent, self._started = True, 0, time.monotonic()
        self._ended = False
        self.done.clear()

    def halt(self) -> None:
        """Stop the stream, as the host asked."""
        self._streaming = self._ended = False
        self.done.clear()

    def send(self, data: bytes) -> None:
        """Answer a command; answers arrive whole."""
        self._output += data

    def kept(self, count: int) -> NDArray[np.bool_]:
        """Which of `count` samples are sent."""
        return self._rng.random(count) >= self.faults.drop

    @property
    def now_s(self) -> float:
        """Seconds of the load, for a device that is asked."""
        return (time.monotonic() - self._started) * (self._speed or 1.0)

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        os.write(self._wake_write, b"!")
        self._thread.join()
        for handle in (self._master, self._slave, self._wake_read, self._wake_write):
            try:
                os.close(handle)
            except OSError:
                continue  # Unplugged before.

    def _run(self) -> None:
        while not self._closing and not self._gone:
            wait = self._stream()
            if self._gone:
                return
            writing = [self._master] if self._output else []
            listening = [self._master, self._wake_read]
            readable, writable, _ = select.select(listening, writing, [], wait)
            if self._master in readable:
                self._input += os.read(self._master, 4096)
                if not self._hung:
                    self.receive()
            if writable and self._output:
                sent = os.write(self._master, memoryview(self._output)[:65536])
                del self._output[:sent]
                self._finish()

    def _stream(self) -> float | None:
        """Make the next samples when they are due; how long to wait for the next ones."""
        if not self._streaming:
            return None
        if self._speed:
            due = int((time.monotonic() - self._started) * self._speed * self.rate)
        else:
            due = self.sent + (0 if self._output else BLOCK)
        until = self._until()
        count = min(due, until) - self.sent
        if count > 0:
            self._output += self._spoiled(self.block(self.sent, count))
            self.sent += count
        if self.sent >= until:
            self._streaming, self._ended = False, True
            self._finish()
            return None
        return BLOCK_S if self._speed else None

    def _until(self) -> int:
        """The sample at which the stream ends or a fault strikes."""
        faults = self.faults
        times = (self._seconds, faults.reset_after_s, faults.hang_after_s, faults.unplug_after_s)
        given = [seconds for seconds in times if seconds is not None]
        return round(min(given) * self.rate) if given else 1 << 62

    def _strike(self) -> None:
        """What happens at the end of the stream."""
        for fault, action in (
            (self.faults.reset_after_s, self.reset),
            (self.faults.hang_after_s, self._hang),
            (self.faults.unplug_after_s, self._unplug),
        ):
            if fault is not None and round(fault * self.rate) <= self.sent:
                action()

    def _hang(self) -> None:
        self._hung = True

    def _unplug(self) -> None:
        """What is on its way is lost with the cable."""
        self._gone = True
        for handle in (self._master, self._slave):
            os.close(handle)

    def _finish(self) -> None:
        """When the last sample was taken: what happens at the end, and who waits is told."""
        if self._ended and not self._output and not self.done.is_set():
            self._strike()
            self.done.set()

    def _spoiled(self, data: bytes) -> bytes:
        """The bytes as a bad line delivers them."""
        if not (self.faults.noise or self.faults.tear):
            return data
        array = np.frombuffer(data, np.uint8).copy()
        hit = self._rng.random(len(array)) < self.faults.noise
        array[hit] ^= self._rng.integers(1, 256, int(hit.sum()), np.uint8)
        return array[self._rng.random(len(array)) >= self.faults.tear].tobytes()
