"""An emulated PPK2: the real wire format on a pseudo-terminal, the load made up.

The emulator takes the bytes a PPK2 takes (ppk2_wire) and streams 4-byte samples at a nominal
100,000 a second: range switching at 50 uA, 500 uA, 5 mA and 50 mA (without hysteresis), 14-bit
ADC values that go through the inverse of its own calibration, the 6-bit counter, D0. What no
emulator can show is a real board's power: the load is a LoadProfile, and all that is measured
with it is simulated.

Its clock is the board's: `edge(level, seconds)` says when the trigger pin changed, and the
samples up to that instant are streamed as fast as they are read. Nothing is streamed between
edges. Before the first edge comes `lead_s` of idling, after `finish` another `tail_s`.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edgekit.runtime.posix import raw_terminal
from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.load import LoadProfile

Floats = NDArray[np.float64]

SWITCH_A = (50e-6, 500e-6, 5e-3, 50e-3)
BLOCK = 8192
BURST = 20
COMMAND_BYTES = {
    0x06: 1,
    0x07: 1,
    0x0C: 2,
    0x0D: 3,
    0x11: 2,
    0x15: 1,
    0x16: 1,
    0x19: 1,
    0x20: 1,
    0x25: 6,
}
# Made up, of the size that devices state; not linear, so that the driver's formula is exercised.
CALIBRATION = wire.Calibration(
    r=(1031.64, 101.65, 10.15, 0.94, 0.043),
    gs=(0.9, 1.1, 1.5, 1.2, 1.0),
    gi=(1.01, 0.99, 1.005, 0.995, 1.0),
    o=(120.0, 80.0, 30.0, 12.0, 4.0),
    s=(1e-8, 2e-8, 1e-7, 1e-6, 1e-5),
    i=(1e-8, -1e-8, 1e-7, -1e-6, 1e-5),
    ug=(1.0, 1.0, 1.0, 1.0, 1.0),
    calibrated="0",
)


def metadata_text(calibration: wire.Calibration) -> str:
    """The answer to GET_METADATA."""
    lines = [f"Calibrated: {calibration.calibrated}"]
    for key, name in wire.FIELDS.items():
        row = getattr(calibration, name)
        lines += [f"{key}{index}: {value!r}" for index, value in enumerate(row)]
    return "\n".join([*lines, "HW: 0", "IA: 0", wire.METADATA_END]) + "\n"


def encode(
    amps: Floats, millivolts: float, first: int, digital: int, calibration: wire.Calibration
) -> NDArray[np.uint32]:
    """The sample words of a current: the inverse of `ppk2_wire.amps`, shape (n,).

    `first` is the counter of the first sample.
    """
    ranges = np.searchsorted(SWITCH_A, np.abs(amps))
    c = {name: np.asarray(getattr(calibration, name))[ranges] for name in wire.FIELDS.values()}
    constant = c["s"] * millivolts / 1000 + c["i"] - amps / c["ug"]
    root = np.sqrt(np.maximum(c["gi"] ** 2 - 4 * c["gs"] * constant, 0))
    a = (root - c["gi"]) / (2 * c["gs"])
    adc = np.rint((a * c["r"] / wire.VOLTS_PER_COUNT + c["o"]) / 4).clip(0, wire.ADC_MAX)
    counter = (first + np.arange(len(amps))) % wire.COUNTER
    word = adc.astype(np.uint32) | (ranges.astype(np.uint32) << 14)
    words: NDArray[np.uint32] = word | (counter.astype(np.uint32) << 18) | np.uint32(digital << 24)
    return words


def take_commands(received: bytearray) -> Iterator[bytes]:
    """Takes the complete commands off the front of what was received, one after the other."""
    while received:
        length = COMMAND_BYTES.get(received[0], 1)
        if len(received) < length:
            return
        command = bytes(received[:length])
        del received[:length]
        yield command


class VirtualPpk2:
    """The device behind `path`. Thread-safe; `close` ends it."""

    def __init__(self, profile: LoadProfile, seed: int = 0) -> None:
        self.profile = profile
        self.truth_j: list[float] = []
        """Noiseless energy of each window shown so far, joules: what a meter should find."""
        self._rng = np.random.default_rng(seed)
        self._master, self._slave, self.path = raw_terminal("a virtual meter")
        os.set_blocking(self._master, False)
        self._wake_read, self._wake_write = os.pipe()
        self._lock = threading.Condition()
        self._segments: deque[tuple[int, bool]] = deque()
        self._busy = False
        self._closing = False
        self._streaming = False
        self._powered = False
        self._millivolts = round(1000 * profile.volts)
        self._output = bytearray()
        self._input = bytearray()
        self._blocks: Iterator[bytes] = iter(())
        self._reset_clock()
        self._thread = threading.Thread(target=self._run, name="virtual-ppk2", daemon=True)
        self._thread.start()

    def edge(self, level: bool, seconds: float) -> None:
        """The trigger pin changed to `level` at `seconds` of the board's clock.

        A clock that went back (the board was reset) goes on after a pause.
        """
        with self._lock:
            self._pass_time(seconds)
            self._level = level
        self._wake()

    def await_start(self, timeout_s: float = 10.0) -> None:
        """Wait until START was obeyed: edges before it belong to no recording.

        Raises TimeoutError.
        """
        with self._lock:
            started = self._lock.wait_for(lambda: self._closing or self._streaming, timeout_s)
        if not started:
            raise TimeoutError(f"nobody started the virtual meter at {self.path}")

    def finish(self, timeout_s: float = 60.0) -> None:
        """Stream the tail of idling and wait until everything was taken by the reader."""
        with self._lock:
            self._add(self.profile.tail_s)
        self.settle(timeout_s)

    def settle(self, timeout_s: float = 60.0) -> None:
        """Wait until the samples up to the last edge were taken by the reader.

        Raises TimeoutError.
        """
        self._wake()
        with self._lock:
            done = self._lock.wait_for(
                lambda: self._closing or not (self._streaming and (self._segments or self._busy)),
                timeout_s,
            )
        if not done:
            raise TimeoutError(f"nobody reads the virtual meter at {self.path}")

    def close(self) -> None:
        """End the device: its port goes away, as when a cable is pulled."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._lock.notify_all()
        self._wake()
        self._thread.join()
        for handle in (self._master, self._slave, self._wake_read, self._wake_write):
            os.close(handle)

    def _reset_clock(self) -> None:
        self._level = not self.profile.active_level
        self._last_s: float | None = None
        self._position = 0.0
        self._sample = 0
        self._range: int | None = None
        self._counter = int(self._rng.integers(wire.COUNTER))

    def _pass_time(self, seconds: float) -> None:
        """Queue the samples from the last edge to this one."""
        last, self._last_s = self._last_s, seconds
        if last is None:
            return
        idle = self._level != self.profile.active_level
        longest = self.profile.max_idle_s
        passed = seconds - last if seconds >= last else longest
        self._add(min(passed, longest) if idle else passed)

    def _add(self, seconds: float) -> None:
        """Queue `seconds` at the present level; fractions of a sample are carried on."""
        begin = round(self._position * wire.SAMPLE_RATE)
        self._position += seconds * (1 + self.profile.clock_ppm * 1e-6)
        count = round(self._position * wire.SAMPLE_RATE) - begin
        self._segments.append((count, self._level))

    def _wake(self) -> None:
        try:
            os.write(self._wake_write, b"!")
        except OSError:
            return

    def _run(self) -> None:
        while not self._closing:
            self._refill()
            writing = [self._master] if self._output else []
            readable, writable, _ = select.select([self._master, self._wake_read], writing, [])
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
            try:
                if self._master in readable:
                    self._input += os.read(self._master, 4096)
                    self._obey()
                if writable and self._output:
                    sent = os.write(self._master, memoryview(self._output)[:65536])
                    del self._output[:sent]
            except BlockingIOError:
                continue

    def _refill(self) -> None:
        """Make the next block of samples when the last one was taken."""
        if self._output or not self._streaming:
            return
        block = next(self._blocks, None)
        while block is None:
            with self._lock:
                if not self._segments:
                    self._busy = False
                    self._lock.notify_all()
                    return
                self._busy = True
                count, level = self._segments.popleft()
            self._blocks = self._segment(count, level)
            block = next(self._blocks, None)
        self._output += block

    def _obey(self) -> None:
        """Carry out the complete commands received; unknown bytes are ignored."""
        for command in take_commands(self._input):
            self._carry_out(command)

    def _carry_out(self, command: bytes) -> None:
        if command == wire.GET_METADATA:
            self._output += metadata_text(CALIBRATION).encode()
        elif command == wire.START:
            self._begin()
        elif command in (wire.STOP, wire.RESET):
            self._halt(reset=command == wire.RESET)
        elif command[0] == wire.REGULATOR:
            self._millivolts = int.from_bytes(command[1:], "big")
        elif command in (wire.POWER_ON, wire.POWER_OFF):
            self._powered = command == wire.POWER_ON

    def _begin(self) -> None:
        with self._lock:
            self._reset_clock()
            self._segments.clear()
            self._blocks = iter(())
            self._streaming = True
            self._add(self.profile.lead_s)
            self._lock.notify_all()

    def _halt(self, *, reset: bool) -> None:
        """Stop streaming. What was being sent is sent to the end of a sample."""
        with self._lock:
            self._streaming = False
            self._blocks = iter(())
            del self._output[len(self._output) % 4 :]
            self._segments.clear()
            self._busy = False
            self._powered = self._powered and not reset
            self._lock.notify_all()

    def _segment(self, count: int, level: bool) -> Iterator[bytes]:
        """The bytes of `count` samples at one level of the pin."""
        active = level == self.profile.active_level
        if active:
            self.truth_j.append(0.0)
        for start in range(0, count, BLOCK):
            length = min(BLOCK, count - start)
            yield self._block(start, length, active, level)

    def _block(self, start: int, length: int, active: bool, level: bool) -> bytes:
        rate = wire.SAMPLE_RATE
        place = np.arange(length)
        since = (start + place) / rate
        watts = self.profile.watts(active, since, (self._sample + place) / rate)
        if active:
            self.truth_j[-1] += float(watts.sum()) / rate
        amps = watts / (self._millivolts / 1000) * self._powered
        noisy = amps * (1 + self.profile.noise * self._rng.standard_normal(length))
        noisy = self._switch_errors(noisy)
        words = encode(noisy, self._millivolts, self._counter, int(level), CALIBRATION)
        self._sample += length
        self._counter = (self._counter + length) % wire.COUNTER
        return words[self._kept(length)].astype("<u4").tobytes()

    def _switch_errors(self, amps: Floats) -> Floats:
        """The first two samples of a new range read wrong by `switch_error`."""
        if not self.profile.switch_error:
            return amps
        ranges = np.searchsorted(SWITCH_A, amps)
        before = ranges[0] if self._range is None else self._range
        changed = np.diff(ranges, prepend=before) != 0
        self._range = int(ranges[-1])
        wrong = changed | np.concatenate(([False], changed[:-1]))
        return np.where(wrong, amps * (1 + self.profile.switch_error), amps)

    def _kept(self, length: int) -> NDArray[np.bool_]:
        """False where a sample is lost: bursts of random length, below the counter's 64."""
        kept = np.ones(length, np.bool_)
        if self.profile.loss:
            starts = np.flatnonzero(self._rng.random(length) < self.profile.loss / BURST)
            lengths = self._rng.integers(1, 2 * BURST, len(starts))
            for start, burst in zip(starts, lengths, strict=True):
                kept[start : start + burst] = False
        return kept
