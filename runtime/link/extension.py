"""The binary extension of the protocol: bulk data, profile, memory, self-test."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from edgekit.errors import ProtocolError
from edgekit.runtime.link.frames import Frame, encode
from edgekit.runtime.link.messages import (
    ADVICE,
    GUARD_SENTENCES,
    GUARDED_BLOCK,
    REPLY,
    SENTENCES,
    Err,
    Guard,
    Msg,
)
from edgekit.runtime.link.wire import Silence, Wire

TIMEOUT_S = 5.0
TRIES = 3
OTHER_VERSION = "is the firmware of the same EdgeKit version? Build and flash it again"


@dataclass(frozen=True, slots=True)
class Ticks:
    """A timed window: its counter difference, and that of a window with nothing in it."""

    ticks: int
    empty: int

    @property
    def net(self) -> int:
        """Ticks of what ran in the window."""
        return self.ticks - self.empty


@dataclass(frozen=True, slots=True)
class Samples:
    """Ticks of inferences timed one by one, each with those of an empty window in it."""

    ticks: tuple[int, ...]
    empty: int

    @property
    def net(self) -> tuple[int, ...]:
        """Ticks of the inferences alone."""
        return tuple(max(0, ticks - self.empty) for ticks in self.ticks)


@dataclass(frozen=True, slots=True)
class StepTicks:
    """One step of a profiled inference; `ticks` is net of the hook's own cost."""

    name: str
    operator: str
    macs: int
    ticks: int


class Extension:
    """Requests to firmware that has frames switched on. Every request may be repeated."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._seq = 0
        self._chunk = 60  # the least a firmware takes, until `info` says more

    @property
    def name(self) -> str:
        """Name of the port."""
        return self._wire.name

    def pairs(self, kind: Msg) -> dict[str, str]:
        """The key=value lines that a request without payload is answered with."""
        return _pairs(self.request(kind))

    def info(self) -> dict[str, str]:
        """Facts of firmware, model and board; see EK_MSG_INFO."""
        facts = self.pairs(Msg.INFO)
        self._chunk = max(60, int(facts.get("frame", "64")) - 4)
        return facts

    def write_input(self, data: bytes, *, commit: bool = True) -> None:
        """Send all input tensors one after another, and have their checksum compared."""
        for offset in range(0, len(data), self._chunk):
            part = data[offset : offset + self._chunk]
            self.request(Msg.WRITE, struct.pack("<I", offset) + part)
        if commit:
            self.commit(data)

    def begin_input(self) -> None:
        """Make the buffer take tensor bytes, for a writer that goes past the line."""
        self.request(Msg.WRITE, struct.pack("<I", 0))

    def commit(self, data: bytes) -> None:
        """Declare the input complete. The board compares the checksum of what it holds."""
        self.request(Msg.COMMIT, struct.pack("<I", crc32(data)))

    def run(self, inferences: int = 1, warmup: int = 0, *, timeout: float = 60.0) -> Ticks:
        """One timed window. `timeout` in seconds covers warm-up and window."""
        payload = struct.pack("<II", inferences, warmup)
        return Ticks(*self._unpack("<QQ", self.request(Msg.RUN, payload, timeout=timeout)))

    def follow(self, index: int, *, timeout: float = 60.0) -> None:
        """Inference `index` of a row on the committed input: 0 begins with fresh states, later
        ones go on from those that the one before left."""
        self.request(Msg.FOLLOW, struct.pack("<I", index), timeout=timeout)

    def sample(self, inferences: int, warmup: int = 0, *, timeout: float = 60.0) -> Samples:
        """That many inferences, each timed alone; `timeout` in seconds covers them and the warm-up.

        Only a program of an operating system does so, and only as many as `machine` says it keeps.
        """
        payload = struct.pack("<II", inferences, warmup)
        (empty,) = self._unpack("<Q", self.request(Msg.SAMPLE, payload, timeout=timeout))
        batch = max(1, self._chunk // 8)
        ticks: list[int] = []
        for first in range(0, inferences, batch):
            some = min(batch, inferences - first)
            payload = struct.pack("<IH", first, some)
            ticks += self._unpack(f"<{some}Q", self.request(Msg.SAMPLES, payload))
        return Samples(tuple(ticks), empty)

    def machine(self) -> dict[str, str]:
        """What a program of an operating system tells of its machine, memory in bytes:

        samples, threads, peak_rss, memory, os, machine, cpu, cores, board, load_average, governor,
        frequency_khz, temperature_mc, each where it is known.
        """
        return self.pairs(Msg.MACHINE)

    def read_output(self, count: int) -> bytes:
        """The first `count` bytes of all output tensors one after another."""
        parts = [
            self.request(Msg.READ, struct.pack("<IH", offset, min(self._chunk, count - offset)))
            for offset in range(0, count, self._chunk)
        ]
        return b"".join(parts)

    def profile(self, *, timeout: float = 60.0) -> tuple[StepTicks, ...]:
        """One inference with a counter reading after each step."""
        count, empty = self._unpack("<HQ", self.request(Msg.PROFILE, timeout=timeout))
        rows = zip(self._step_names(count), self._step_ticks(count), strict=True)
        return tuple(
            StepTicks(name, operator, macs, max(0, ticks - empty))
            for (name, operator, macs), ticks in rows
        )

    def memory(self, *, timeout: float = 60.0) -> dict[str, int]:
        """Bytes reserved and high-water marks; runs one inference in a painted arena.

        "guard" says which guard words were overwritten; see `check_guard`.
        """
        return {key: int(value) for key, value in _pairs(self._memory(timeout)).items()}

    def self_test(self, expected: bytes, *, timeout: float = 60.0) -> bool:
        """One inference whose whole output is compared on the board, by checksum.

        Raises ProtocolError where the firmware wrote outside its memory, whatever the output.
        """
        payload = struct.pack("<I", crc32(expected))
        reply = self.request(Msg.SELFTEST, payload, timeout=timeout)
        equal, _, guard = self._unpack("<BIB", reply)
        self.check_guard(guard)
        return bool(equal)

    def check_guard(self, guard: int) -> None:
        """Raise ProtocolError where guard words around the arena or the stack are gone."""
        if guard:
            found = [text for flag, text in GUARD_SENTENCES.items() if flag & Guard(guard)]
            if guard >> GUARDED_BLOCK:
                found.append(f"the arena's block {(guard >> GUARDED_BLOCK) - 1} is meant")
            raise ProtocolError(
                self._wire.name,
                "; ".join(found) or f"guard {guard:#x}",
                hint="results of this firmware cannot be trusted: build it with more stack, or"
                " report the model",
                code="guard-broken",
            )

    def request(self, kind: Msg, payload: bytes = b"", *, timeout: float = TIMEOUT_S) -> bytes:
        """One request and its reply's payload; sent again when either arrives damaged.

        Raises ProtocolError: silence, a reset, or what the board objects to.
        """
        self._seq = (self._seq + 1) & 0xFF
        data = encode(Frame(kind, self._seq, payload))
        for attempt in range(TRIES):
            self._wire.send(data)
            try:
                reply = self._reply(kind, timeout)
            except Silence:
                if attempt == TRIES - 1 or timeout > TIMEOUT_S:
                    raise
            else:
                if reply is not None:
                    return reply
        raise ProtocolError(
            self._wire.name,
            f"{TRIES} tries of one request arrived damaged",
            hint="lower the baud rate, or try another cable or USB port",
            code="line-noise",
        )

    def _reply(self, kind: Msg, timeout: float) -> bytes | None:
        """The payload; None when the request or the reply arrived damaged."""
        while True:
            try:
                frame = self._wire.frame(timeout)
            except ValueError:
                return None
            if frame.type == Msg.ERROR | REPLY:
                self._object(kind, frame.payload)
                return None
            if (frame.type, frame.seq) == (kind | REPLY, self._seq):
                return frame.payload

    def _object(self, kind: Msg, payload: bytes) -> None:
        """Raise what an error reply says, unless sending again may help."""
        code = payload[0] if payload else 0
        if code == Err.CRC:
            return
        if code not in Err._value2member_map_:
            raise ProtocolError(
                self._wire.name, f"refused {kind.name}: error {code}", hint=OTHER_VERSION
            )
        refusal = Err(code)
        raise ProtocolError(
            self._wire.name,
            f"refused {kind.name}: {SENTENCES[refusal]}",
            hint=ADVICE[refusal],
            code=f"device-{refusal.name.lower().replace('_', '-')}",
        )

    def _unpack(self, layout: str, payload: bytes) -> tuple[int, ...]:
        if len(payload) != struct.calcsize(layout):
            raise ProtocolError(
                self._wire.name,
                f"a reply of {len(payload)} bytes where {struct.calcsize(layout)} were due",
                hint=OTHER_VERSION,
                code="device-reply",
            )
        return struct.unpack(layout, payload)

    def _memory(self, timeout: float) -> bytes:
        return self.request(Msg.MEMORY, timeout=timeout)

    def _step_names(self, count: int) -> Iterator[tuple[str, str, int]]:
        for index in range(count):
            payload = self.request(Msg.STEP, struct.pack("<H", index))
            name, operator, *_ = [*payload[4:].split(b"\0"), b"", b""]
            macs = int.from_bytes(payload[:4], "little")
            yield name.decode(errors="replace"), operator.decode(errors="replace"), macs

    def _step_ticks(self, count: int) -> Iterator[int]:
        batch = max(1, self._chunk // 8)
        for first in range(0, count, batch):
            some = min(batch, count - first)
            payload = self.request(Msg.STEPS, struct.pack("<HH", first, some))
            yield from self._unpack(f"<{some}Q", payload)


def _pairs(payload: bytes) -> dict[str, str]:
    """key=value by line; a last line that the firmware had to cut is left out."""
    lines = payload.decode("ascii", errors="replace").split("\n")[:-1]
    return {key: value for key, _, value in (line.partition("=") for line in lines)}
