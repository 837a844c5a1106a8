"""An emulated LPM01A that follows a virtual board's clock.

The meter's clock is this machine's while the board idles. A window takes the time that the board
says it took, which this machine may need longer or shorter for: while one is open, samples
trickle; when it closes, those that are missing follow at once. Each falling edge of the pin is
an event, as `eventsrc d7 fal` asks for.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import deque

import numpy as np

from edgekit.runtime.power.emulators.device import BLOCK_S
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.emulators.lpm01a import EmulatedLpm01a, number
from edgekit.runtime.power.load import LoadProfile

TRICKLE_HZ = 10.0
"""Samples a second while a window is open: enough not to seem dead, too few to be too many."""


class FollowingLpm01a(EmulatedLpm01a):
    """Draws `profile.idle_w`, and `profile.active_w` between the first two falling edges after
    `expect_window`."""

    def __init__(self, profile: LoadProfile) -> None:
        self.profile = profile
        self._edges: deque[float | None] = deque()
        """Seconds of falling edges; None where a window is announced."""
        self._lock = threading.Lock()
        self._expected = False
        self._window_from: tuple[float, int] | None = None
        self._event_number = 0
        self._last = time.monotonic()
        self._due = 0.0
        idle = np.array([profile.idle_w / profile.volts])
        super().__init__(Load(np.zeros(1), idle, np.ones(1, np.bool_), profile.volts, 1.0))

    def expect_window(self) -> None:
        """The next two falling edges are the ends of a window."""
        with self._lock:
            self._edges.append(None)

    def fall(self, seconds: float) -> None:
        """The pin fell at `seconds` of the board's clock."""
        with self._lock:
            self._edges.append(seconds)

    @property
    def taken(self) -> bool:
        """Whether the host has read everything up to the last edge."""
        with self._lock:
            if self._edges or self._output:
                return False
        import fcntl
        import termios

        waiting = fcntl.ioctl(self._slave, termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", waiting)[0]) == 0

    def begin(self) -> None:
        super().begin()
        self._last, self._due, self._event_number = time.monotonic(), 0.0, 0

    def _stream(self) -> float | None:
        with self._lock:
            if not self._streaming:
                self._edges.clear()
                self._window_from = None
                return BLOCK_S
            while self._edges:
                edge = self._edges.popleft()
                if edge is None:
                    self._expected, self._window_from = True, None
                else:
                    self._take_edge(edge)
            self._advance()
        return BLOCK_S

    def _advance(self) -> None:
        """Samples for the time that went by."""
        now = time.monotonic()
        rate = self.rate if self._window_from is None else TRICKLE_HZ
        self._due += (now - self._last) * rate
        self._last = now
        self._emit(int(self._due) - self.sent)

    def _emit(self, count: int) -> None:
        if count > 0:
            self._output += self.block(self.sent, count)
            self.sent += count

    def _take_edge(self, seconds: float) -> None:
        self._advance()
        if self._window_from is not None:
            began, sample = self._window_from
            self._emit(sample + round((seconds - began) * self.rate) - self.sent)
            self._due = float(self.sent)
            self._window_from = None
        elif self._expected:
            self._expected = False
            self._window_from = (seconds, self.sent)
            self._due = float(self.sent)
        if self.settings["eventsrc"] == "d7 fal":
            self._event_number += 1
            self._output += f"event {self._event_number:02d} ris\r\n".encode()

    def block(self, first: int, count: int) -> bytes:
        active = self._window_from is not None
        watts = self.profile.active_w if active else self.profile.idle_w
        volts = number(self.settings["volt"])
        self.load = Load(np.zeros(1), np.array([watts / volts]), np.ones(1, np.bool_), volts, 1.0)
        return super().block(first, count)

    def _events(self, first: int, count: int) -> dict[int, str]:
        """None from the load: edges come from the board."""
        return {}
