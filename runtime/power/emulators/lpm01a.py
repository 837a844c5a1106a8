"""An emulated X-NUCLEO-LPM01A: host control, its settings, the ASCII and the binary stream."""

from __future__ import annotations

import numpy as np

from edgekit.runtime.power.emulators.device import Emulator, Faults
from edgekit.runtime.power.emulators.load import Flags, Floats, Load

PROMPT = "\r\nPowerShield > "
TOLD = {
    "version": "1.0.6",
    "powershield": "PowerShield present: emulated by EdgeKit",
    "range": "100n 50m",
    "status": "ok",
}
"""Commands that ask something -> the answer."""
DEFAULTS = {
    "format": "ascii_dec",
    "output": "current",
    "freq": "100",
    "volt": "3300m",
    "acqtime": "10",
    "acqmode": "dyn",
    "trigsrc": "sw",
    "trigdelay": "1m",
    "eventsrc": "",
    "pwr": "off",
}
UNITS = {"u": 1e-6, "m": 1e-3, "k": 1e3}


def number(text: str) -> float:
    """A number with a unit letter, as in "1800m" or "5k"."""
    factor = UNITS.get(text[-1:], 1.0)
    return float(text.rstrip("".join(UNITS))) * factor


class EmulatedLpm01a(Emulator):
    """Speaks what lpm01a_wire describes. `host_control` is whether somebody has taken it."""

    def __init__(self, load: Load, faults: Faults | None = None, **options: object) -> None:
        self.settings = dict(DEFAULTS)
        self.host_control = False
        if faults is not None and faults.stale:
            self.host_control, self.settings["pwr"] = True, "on"
        super().__init__(load, faults, **options)  # type: ignore[arg-type]

    @property
    def rate(self) -> int:  # type: ignore[override]
        """Samples a second."""
        return round(number(self.settings["freq"]))

    def reset(self) -> None:
        super().reset()
        self.settings, self.host_control = dict(DEFAULTS), False

    def receive(self) -> None:
        *lines, rest = bytes(self._input).split(b"\n")
        self._input[:] = rest
        for line in lines:
            self._obey(line.decode("ascii", "replace").strip())

    def _obey(self, line: str) -> None:
        word, *values = line.split() or [""]
        if word == "htc":
            self.host_control = True
        elif word == "lcd" and self.host_control:
            return self._answer(line)
        elif word in TOLD:
            return self._answer(line, TOLD[word])
        elif word not in ("hrc", "stop", "start", *DEFAULTS) or not self.host_control:
            return self._refuse(line)
        elif word in DEFAULTS:
            return self._set(line, word, values)
        return self._act(line, word)

    def _set(self, line: str, word: str, values: list[str]) -> None:
        if word == "volt" and values == ["get"]:
            return self._answer(line, f"{1000 * number(self.settings['volt']):04.0f}-03")
        if not values:
            return self._refuse(line)
        self.settings[word] = " ".join(values)
        return self._answer(line)

    def _act(self, line: str, word: str) -> None:
        self._answer(line)
        if word == "start":
            self._input.clear()
            self.begin()
        elif word == "stop":
            self._stop()
        elif word == "hrc":
            self.host_control = False

    def _stop(self) -> None:
        running = self._streaming or self._ended
        self.halt()
        if running:
            binary = self.settings["format"] == "bin_hexa"
            self.send(b"\xf0\xf4\xff\xff" if binary else b"end\r\n")
            self.send(f"{PROMPT}Acquisition completed\r\n\r\n".encode())

    def _answer(self, line: str, value: str = "") -> None:
        text = f" {value}" if value else ""
        self.send(f"{PROMPT}ack {line}{text}\r\n\r\n".encode())

    def _refuse(self, line: str) -> None:
        why = "unknown command" if self.host_control else "host control not taken"
        self.send(f"{PROMPT}error {line}\r\nError detail: {why}\r\n\r\n".encode())

    def block(self, first: int, count: int) -> bytes:
        rate = self.rate
        values = self.load.mean_amps(np.arange(first, first + count + 1) / rate)
        if not self.settings["pwr"].startswith("on"):
            values = np.zeros(count)
        if self.settings["output"] == "energy":
            values = values * number(self.settings["volt"]) / rate
        kept = self.kept(count)
        if self.settings["format"] == "bin_hexa":
            return self._binary(values, kept, first)
        return self._ascii(values, kept, first)

    def _ascii(self, values: Floats, kept: Flags, first: int) -> bytes:
        exponent = np.floor(np.log10(np.maximum(values, 1e-15))).astype(int) - 3
        mantissa = np.rint(values / 10.0**exponent).astype(int)
        over = mantissa > 9999
        mantissa[over], exponent[over] = 1000, exponent[over] + 1
        events = self._events(first, len(values))
        lines = []
        for at in range(len(values)):
            sample = first + at
            if sample % self.rate == 0:
                seconds, fill = sample // self.rate, 2
                lines.append(f"TimeStamp: {seconds:03d}s 000ms, buff {fill:02d}%\r\n\0")
            if at in events:
                lines.append(f"event {1:02d} {events[at]}\r\n")
            if kept[at]:
                lines.append(f"{mantissa[at]:04d}{exponent[at]:+03d}\r\n")
        return "".join(lines).encode()

    def _events(self, first: int, count: int) -> dict[int, str]:
        """Offset of the sample before which an edge came -> "ris" or "fal", as configured."""
        source = self.settings["eventsrc"].split()
        if len(source) != 2:
            return {}
        times = np.arange(first - 1, first + count) / self.rate
        change = np.diff(self.load.levels(np.maximum(times, 0.0)).astype(int))
        wanted = 1 if source[1] == "ris" else -1
        return {int(at): source[1] for at in np.flatnonzero(change == wanted)}

    def _binary(self, values: Floats, kept: Flags, first: int) -> bytes:
        power = np.floor(-np.log(np.maximum(values, 1e-15) / 4095) / np.log(16)).astype(int)
        power = power.clip(0, 14)
        words = np.rint(values * 16.0**power).clip(0, 4095).astype(int) | (power << 12)
        parts = []
        stamps = range(first + (-first) % self.rate, first + len(values), self.rate)
        at = first
        for stamp in (*stamps, first + len(values)):
            chunk = slice(at - first, stamp - first)
            parts.append(words[chunk][kept[chunk]].astype(">u2").tobytes())
            if stamp < first + len(values):
                ms = (1000 * stamp // self.rate).to_bytes(4, "big")
                parts.append(b"\xf0\xf3" + ms + b"\x02\xff\xff")
            at = stamp
        return b"".join(parts)
