"""A two-wire bus with one chip on it: line levels become transfers, and the chip answers.

The master's side is given to C as ek_sccb_t. Whatever the rules of the bus forbid fails at once:
data that changes while the clock is high within a byte, a byte that is left unfinished, a half of
the clock that is shorter than 4 us (I2C at 100 kHz: 4.0 us high, 4.7 us low).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CLOCK, DATA = 0, 1
SHORTEST = {False: 4.7, True: 4.0}
"""Level of the clock -> microseconds, UM10204 table 10."""

SET = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_bool)
READ = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_int)
WAIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32)


class PinsC(ctypes.Structure):
    """ek_sccb_t."""

    _fields_ = (("set", SET), ("read", READ), ("wait", WAIT), ("port", ctypes.c_void_p))


@dataclass
class Chip:
    """Registers behind an address; what it was asked for, in order."""

    address: int
    registers: dict[int, int] = field(default_factory=dict)
    register_bytes: int = 1
    refuse: int | None = None
    """The so manieth byte that it gets is not acknowledged, counted from 0 over all transfers."""
    hook: Callable[[Chip, int, int], None] | None = None
    """Called with the register and the value of each write."""
    log: list[tuple[str, int, int]] = field(default_factory=list)
    bytes_seen: int = 0
    pointer: int = 0

    def take(self, index: int, byte: int) -> bool:
        """Byte `index` of a transfer to the chip; whether it is acknowledged."""
        number, self.bytes_seen = self.bytes_seen, self.bytes_seen + 1
        if number == self.refuse:
            return False
        if index == 0:
            return byte >> 1 == self.address
        if index <= self.register_bytes:
            self.pointer = byte if index == 1 else self.pointer << 8 | byte
            return True
        self.log.append(("write", self.pointer, byte))
        self.registers[self.pointer] = byte
        if self.hook:
            self.hook(self, self.pointer, byte)
        return True

    def give(self) -> int:
        """The byte that is read."""
        value = self.registers.get(self.pointer, 0)
        self.log.append(("read", self.pointer, value))
        return value


class Bus:
    """The wires; `pins` is what C gets."""

    def __init__(self, chip: Chip, *, restarts: bool = False) -> None:
        self.chip = chip
        self.restarts = restarts
        self.master = {CLOCK: True, DATA: True}
        self.slave = {CLOCK: True, DATA: True}
        self.stuck: int | None = None
        """A line that is shorted to ground."""
        self.stretch = 0
        """Reads of the clock for which the chip holds it after each byte."""
        self.hanging: list[bool] = []
        """Bits that a chip still wants to send from before; only a start makes it forget them."""
        self.held = 0
        self.transfers: list[list[int]] = []
        self.waits: list[int] = []
        self.errors: list[str] = []
        self.since_edge = 1e9
        self.bits: list[bool] = []
        self.active = self.selected = self.sending = False
        self.answer = 0
        self._calls = (SET(self._set), READ(self._read), WAIT(self._wait))
        self.pins = PinsC(*self._calls, None)

    def level(self, line: int) -> bool:
        low = line == self.stuck or (line == CLOCK and self.held > 0)
        hung = line == DATA and bool(self.hanging) and not self.hanging[0]
        return self.master[line] and self.slave[line] and not low and not hung

    def check(self, condition: bool, message: str) -> None:
        if not condition:
            self.errors.append(message)

    def _read(self, port: Any, line: int) -> bool:
        found = self.level(line)
        if line == CLOCK and self.held > 0:
            self.held -= 1
            if self.held == 0 and self.master[CLOCK]:
                self._edge(True)
        return found

    def _wait(self, port: Any, microseconds: int) -> None:
        self.since_edge += microseconds
        self.waits.append(microseconds)

    def _set(self, port: Any, line: int, high: bool) -> None:
        before = self.level(CLOCK), self.level(DATA)
        self.master[line] = high
        clock, data = self.level(CLOCK), self.level(DATA)
        if clock != before[0]:
            self._edge(clock)
        elif clock and data != before[1]:
            self._condition(data)

    def _edge(self, clock: bool) -> None:
        self.check(self.since_edge >= SHORTEST[not clock], f"clock {not clock} too short")
        self.since_edge = 0.0
        if self.hanging and not clock:
            self.hanging.pop(0)
        elif not self.hanging and self.active:
            self._rise() if clock else self._fall()

    def _condition(self, data: bool) -> None:
        """Data changed while the clock was high: a start or a stop."""
        self.hanging = []
        self.check(len(self.bits) <= 1, f"{len(self.bits)} bits and then a start or stop")
        self.check(data or self.restarts or not self.active, "repeated start")
        self.bits, self.active, self.selected, self.sending = [], not data, False, False
        self.slave[DATA] = True
        if self.active:
            self.transfers.append([])

    def _rise(self) -> None:
        self.bits.append(self.level(DATA))

    def _fall(self) -> None:
        """What the chip does with the data line for the next bit."""
        self.slave[DATA] = True
        count = len(self.bits)
        if count == 9:
            self._whole()
            count = 0
        if self.sending:
            self.slave[DATA] = count == 8 or bool(self.answer >> (7 - count) & 1)
        elif count == 8:
            self._byte()

    def _byte(self) -> None:
        """Eight bits of the master are there."""
        value = int("".join(str(int(bit)) for bit in self.bits), 2)
        here = self.transfers[-1]
        if here and not self.selected:
            return
        taken = self.chip.take(len(here), value)
        here.append(value)
        self.selected = taken
        self.slave[DATA] = not taken

    def _whole(self) -> None:
        """Nine bits: the next byte is the chip's after an address to be read."""
        here, acknowledged = self.transfers[-1], not self.bits[8]
        self.held = self.stretch
        self.bits = []
        first = len(here) == 1 and self.selected and bool(here[0] & 1) and not self.sending
        if self.sending:
            here.append(self.answer)
        self.sending = (first or self.sending) and acknowledged
        if self.sending:
            self.answer = self.chip.give()
