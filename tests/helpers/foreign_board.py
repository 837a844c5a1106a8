"""A board with somebody else's MLPerf Tiny firmware, as the reference behaves and misbehaves.

For `fake_peer`: takes bytes, gives bytes. Its clock is made up, so windows of ten seconds take
none. Written from the protocol's description (docs/mlperf.md), not from any firmware.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

BUFFER = 27648
Classify = Callable[[bytes], tuple[float, ...]]


def even(_: bytes) -> tuple[float, ...]:
    """Twelve classes, the third the most likely."""
    return (0.05, 0.05, 0.45, *(0.05,) * 9)


@dataclass
class ForeignBoard:
    """`end` ends most lines; some end in a bare LF all the same. `comma` puts one too many into
    results. `energy` firmware prints no time stamps. `noise` comes before the answer to the
    first command. Commands of more than `chars` characters lose their end, as in the reference."""

    model: str = "kws01"
    vendor: str = "someone else"
    latency_s: float = 0.0425
    classify: Classify = even
    end: str = "\r\n"
    comma: bool = False
    energy: bool = False
    noise: str = ""
    chars: int = 80
    clock_us: int = 4_294_000_000
    mute: tuple[str, ...] = ()
    """Commands, by their first word, that get no answer."""
    unfinished: tuple[str, ...] = ()
    """Commands whose answer lacks its m-ready."""
    pulse: Callable[[float], None] | None = None
    """Called with the clock's seconds where the pin falls at the ends of a window."""
    real_time: bool = False
    """Whether inferences take their time."""
    swallow: int = 0
    """So many ends of `db` commands are lost, so that the board waits."""
    lose: int = 0
    """So many `db` commands lose a digit on their way."""
    received: list[str] = field(default_factory=list)
    longest: int = 0
    _text: str = ""
    _expected: int = 0
    _buffer: bytes = b""

    def __call__(self, data: bytes) -> bytes:
        self._text += data.decode("latin-1")
        *commands, self._text = self._text.split("%")
        if self.swallow and data.startswith(b"db ") and not self._text:
            self.swallow -= 1
            self._text = commands.pop()
        answer = "".join(map(self._answer, commands))
        noise, self.noise = self.noise if commands else "", "" if commands else self.noise
        return (noise + answer).encode("latin-1")

    def _answer(self, command: str) -> str:
        self.longest = max(self.longest, len(command))
        command = command[: self.chars]
        self.received.append(command)
        word, *rest = command.split(" ")
        if word in self.mute:
            return ""
        known = {"name": self._name, "profile": self._profile, "db": self._db}
        known |= {"infer": self._infer, "results": self._results, "timestamp": self._lap}
        act = known.get(word)
        lines = act(*rest) if act else [f"e-[Unknown command: {word}]"]
        ready = [] if word in self.unfinished else ["m-ready"]
        return "".join(line + self.end for line in [*lines, *ready])

    def _name(self) -> list[str]:
        return [f"m-name-dut-[{self.vendor}]"]

    def _profile(self) -> list[str]:
        return ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", f"m-model-[{self.model}]"]

    def _db(self, word: str = "", count: str = "") -> list[str]:
        if word == "load":
            self._expected, self._buffer = int(count), b""
            if self._expected > BUFFER:
                return [f"Supplied buffer size {count} exceeds maximum of {BUFFER}"]
            return [f"m-[Expecting {count} bytes]"]
        if self.lose:
            self.lose -= 1
            word = word[:-1]
        if len(word) % 2:
            return ["e-[Insufficent number of hex digits]"]
        self._buffer += bytes.fromhex(word)
        return ["m-load-done"] if len(self._buffer) == self._expected else []

    def _infer(self, count: str = "1", warmup: str = "10") -> list[str]:
        n, w = int(count), int(warmup)
        self._spend(w * self.latency_s)
        lines = [f"m-warmup-start-{w}", "m-warmup-done", f"m-infer-start-{n}", *self._lap()]
        self._spend(n * self.latency_s)
        return [*lines, *self._lap(), "m-infer-done", *self._results()]

    def _spend(self, seconds: float) -> None:
        self.clock_us += round(1e6 * seconds)
        if self.real_time:
            time.sleep(seconds)

    def _lap(self) -> list[str]:
        if self.pulse is not None:
            self.pulse(self.clock_us / 1e6)
        return [] if self.energy else [f"m-lap-us-{self.clock_us % (1 << 32)}"]

    def _results(self) -> list[str]:
        numbers = ",".join(f"{value:.3f}" for value in self.classify(self._buffer))
        return [f"m-results-[{numbers}{',' if self.comma else ''}]"]
