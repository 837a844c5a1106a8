"""Emulated meters that print lines: the INA bridge, and a plain logger for `csv:`."""

from __future__ import annotations

from functools import partial

import numpy as np

from edgekit.runtime.power import ina_wire as wire
from edgekit.runtime.power.emulators.device import Emulator, Faults
from edgekit.runtime.power.emulators.load import Load


class EmulatedBridge(Emulator):
    """Speaks what ina_wire describes, with the steps of the real chip."""

    def __init__(
        self, load: Load, faults: Faults | None = None, *, chip: str = "ina226", **options: object
    ) -> None:
        self.chip = chip
        self._hz = 500
        super().__init__(load, faults, **options)  # type: ignore[arg-type]

    @property
    def rate(self) -> int:  # type: ignore[override]
        """Samples a second."""
        return self._hz

    @property
    def columns(self) -> str:
        return f"n,t_us,v_uv,i_na,mark{',e_uj' if self.chip == 'ina228' else ''},sum"

    def header(self) -> bytes:
        """What it says of itself."""
        chip = wire.CHIPS[self.chip]
        lsb_na = chip.shunt_nv * 1_000_000 // wire.SHUNT_UOHM
        max_ua = chip.full_uv * 1_000_000 // wire.SHUNT_UOHM
        return (
            f"# edgekit-power {wire.VERSION} chip={self.chip} shunt_uohm={wire.SHUNT_UOHM} "
            f"rate={self._hz} lsb_na={lsb_na} max_ua={max_ua} cols={self.columns}\r\n"
        ).encode()

    def reset(self) -> None:
        super().reset()
        self.send(self.header())

    def receive(self) -> None:
        *lines, rest = bytes(self._input).split(b"\n")
        self._input[:] = rest
        for line in lines:
            self._obey(line.decode("ascii", "replace").split())

    def _obey(self, words: list[str]) -> None:
        if words[:1] == ["rate"] and len(words) == 2 and words[1].isdigit():
            self._hz = min(max(int(words[1]), 1), wire.CHIPS[self.chip].most_hz)
            self.send(self.header())
        elif words == ["?"]:
            self.send(self.header())
        elif words == ["start"]:
            self.send(b"# start\r\n")
            self.begin()
        elif words == ["stop"]:
            if self._streaming or self._ended:
                self.send(f"# end n={self.sent} missed=0\r\n".encode())
            self.halt()

    def block(self, first: int, count: int) -> bytes:
        chip = wire.CHIPS[self.chip]
        edges = np.arange(first, first + count + 1) / self._hz
        lsb_a = chip.shunt_nv / wire.SHUNT_UOHM / 1000
        most = chip.full_uv / wire.SHUNT_UOHM
        steps = np.rint(self.load.mean_amps(edges).clip(-most, most) / lsb_a)
        amps = np.rint(steps * lsb_a * 1e9).astype(int)
        step_uv = chip.bus_nv / 1000
        volts = round(round(self.load.volts * 1e6 / step_uv) * step_uv)
        level = self.load.levels(edges[:-1])
        energy = np.rint(self.load.coulombs(edges[1:]) * self.load.volts * 1e6).astype(int)
        kept = self.kept(count)
        lines = []
        for at in np.flatnonzero(kept).tolist():
            sample = first + at
            micros = sample * 1_000_000 // self._hz % (1 << 32)
            text = f"{sample % 65536},{micros},{volts},{amps[at]},{int(level[at])}"
            if self.chip == "ina228":
                text += f",{energy[at]}"
            lines.append(f"{text},{wire.checksum(text)}\r\n")
        return "".join(lines).encode()


ina219 = partial(EmulatedBridge, chip="ina219")
ina226 = partial(EmulatedBridge, chip="ina226")
ina228 = partial(EmulatedBridge, chip="ina228")


class EmulatedLogger(Emulator):
    """Prints `t_us,v_mv,i_ua` with a heading now and then, as hobbyists' sketches do."""

    rate = 200
    unasked = True
    HEADING = b"time us, bus mV, current uA\r\n"

    def receive(self) -> None:
        self._input.clear()

    def block(self, first: int, count: int) -> bytes:
        edges = np.arange(first, first + count + 1) / self.rate
        amps = np.rint(self.load.mean_amps(edges) * 1e6).astype(int)
        volts = round(self.load.volts * 1000)
        lines = [self.HEADING] if first % (10 * self.rate) < count else []
        for at in np.flatnonzero(self.kept(count)).tolist():
            micros = (first + at) * 1_000_000 // self.rate % (1 << 32)
            lines.append(f"{micros},{volts},{amps[at]}\r\n".encode())
        return b"".join(lines)
