"""The power-meter firmware compiled for this machine, with simulated sensors on its I2C bus.

The sensors are written from the data sheets' register maps, apart from the firmware.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgekit.runtime.power.emulators.device import Emulator
from edgekit.runtime.power.emulators.load import Load

FOLDER = Path(__file__).parent.parent.parent / "firmware_stubs" / "power_meter"
CHIPS = ("ina219", "ina226", "ina228")
WRITE = ctypes.CFUNCTYPE(
    ctypes.c_bool, ctypes.c_void_p, ctypes.c_uint8, ctypes.c_uint8, ctypes.c_uint16
)
READ = ctypes.CFUNCTYPE(
    ctypes.c_bool,
    ctypes.c_void_p,
    ctypes.c_uint8,
    ctypes.c_uint8,
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.c_uint8,
)


class Bus(ctypes.Structure):
    _fields_ = (("write", WRITE), ("read", READ), ("io", ctypes.c_void_p))


class Ina(ctypes.Structure):
    _fields_ = (
        ("chip", ctypes.c_int),
        ("address", ctypes.c_uint8),
        ("shunt_uohm", ctypes.c_uint32),
        ("bus", Bus),
    )


def build(folder: Path, compiler: str = "gcc") -> ctypes.CDLL:
    """The firmware's logic as a library, warnings being errors; GCC's also stops at
    undefined behaviour."""
    library = folder / f"bridge-{compiler}.so"
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-shared"]
    command += ["-fPIC"]
    if compiler == "gcc":  # clang's runtime is not to be had inside of Python
        command += ["-fsanitize=undefined", "-fno-sanitize-recover=all"]
    sources = [str(path) for path in sorted(FOLDER.glob("*.c"))]
    subprocess.run([*command, *sources, "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))
    for name in ("begin", "receive", "poll"):
        getattr(loaded, f"ek_bridge_{name}").restype = ctypes.c_char_p
    return loaded


@dataclass
class Sensor:
    """A simulated chip that sees `amps` and `volts`. `there` is whether it acknowledges."""

    chip: str
    shunt_ohm: float = 0.1
    amps: float = 0.0
    volts: float = 3.3
    joules: float = 0.0
    there: bool = True
    written: dict[int, int] = field(default_factory=dict)

    def read(self, reg: int) -> int | None:
        """A register's value as an unsigned number, None for one the chip has not."""
        shunt_v = self.amps * self.shunt_ohm
        if self.chip == "ina228":
            return self._read_228(reg, shunt_v)
        step, most = (10e-6, 32000) if self.chip == "ina219" else (2.5e-6, 32767)
        shunt = int(np.clip(np.rint(shunt_v / step), -most, most)) & 0xFFFF
        bus = (
            round(self.volts / 4e-3) << 3 | 2
            if self.chip == "ina219"
            else round(self.volts / 1.25e-3)
        )
        maker = {0xFE: 0x5449} if self.chip == "ina226" else {}
        return {1: shunt, 2: bus, **maker}.get(reg)

    def _read_228(self, reg: int, shunt_v: float) -> int | None:
        shunt = int(np.clip(np.rint(shunt_v / 312.5e-9), -(1 << 19), (1 << 19) - 1)) & 0xFFFFF
        bus = round(self.volts / 195.3125e-6)
        # The current step follows from the calibration register: CAL = 13107.2e6 * step * R.
        step_a = self.written.get(2, 0) / (13107.2e6 * self.shunt_ohm)
        energy = int(self.joules / (16 * 3.2 * step_a)) if step_a else 0
        return {4: shunt << 4, 5: bus << 4, 9: energy, 0x3E: 0x5449}.get(reg)

    @property
    def conversion_s(self) -> float:
        """Time of one averaged pair of conversions, as the written configuration says."""
        averages = (1, 4, 16, 64, 128, 256, 512, 1024)
        if self.chip == "ina219":
            code = self.written[0] >> 3 & 15
            assert code == self.written[0] >> 7 & 15
            return 2 * 532e-6 * (1 << (code - 8))
        if self.chip == "ina226":
            times = (140, 204, 332, 588, 1100, 2116, 4156, 8244)
            bits = self.written[0]
            return (times[bits >> 6 & 7] + times[bits >> 3 & 7]) * averages[bits >> 9 & 7] / 1e6
        times = (50, 84, 150, 280, 540, 1052, 2074, 4120)
        bits = self.written[1]
        return (times[bits >> 9 & 7] + times[bits >> 6 & 7]) * averages[bits & 7] / 1e6


SIZES = {("ina228", 4): 3, ("ina228", 5): 3, ("ina228", 9): 5}


class Bridge:
    """The firmware with `sensor` on its bus: what the sketch does, call by call."""

    def __init__(self, library: ctypes.CDLL, sensor: Sensor) -> None:
        self.sensor, self._library = sensor, library
        self._state = ctypes.create_string_buffer(1024)
        self._bus = Bus(WRITE(self._write), READ(self._read), None)
        shunt = round(sensor.shunt_ohm * 1e6)
        self._ina = Ina(CHIPS.index(sensor.chip), 0x40, shunt, self._bus)
        self.greeting: bytes = library.ek_bridge_begin(self._state, ctypes.byref(self._ina))

    def _write(self, io: object, address: int, reg: int, value: int) -> bool:
        self.sensor.written[reg] = value
        if self.sensor.chip == "ina228" and reg == 0 and value & 0x4000:
            self.sensor.joules = 0.0
        return self.sensor.there and address == 0x40

    def _read(self, io: object, address: int, reg: int, to: Callable, count: int) -> bool:
        value = self.sensor.read(reg)
        if not self.sensor.there or address != 0x40 or value is None:
            return False
        assert count == SIZES.get((self.sensor.chip, reg), 2)
        for at, byte in enumerate(value.to_bytes(count, "big")):
            to[at] = byte
        return True

    def receive(self, text: bytes, now_us: int = 0) -> bytes:
        """The answers to what the host sends."""
        now = ctypes.c_uint32(now_us)
        answers = (
            self._library.ek_bridge_receive(self._state, ctypes.c_char(byte), now) for byte in text
        )
        return b"".join(answer for answer in answers if answer)

    def poll(self, now_us: int, mark: bool = True) -> bytes:
        """The line that is due, b"" for none."""
        now = ctypes.c_uint32(now_us)
        return self._library.ek_bridge_poll(self._state, now, ctypes.c_bool(mark)) or b""

    def missed(self) -> None:
        self._library.ek_bridge_missed(self._state)


class FirmwareOnPty(Emulator):
    """The firmware behind a pseudo-terminal, its sensor under a load."""

    def __init__(self, bridge: Bridge, load: Load, **options: object) -> None:
        self.bridge, self._hz = bridge, 500
        super().__init__(load, **options)  # type: ignore[arg-type]

    @property
    def rate(self) -> int:  # type: ignore[override]
        return self._hz

    def receive(self) -> None:
        *lines, rest = bytes(self._input).split(b"\n")
        self._input[:] = rest
        for line in lines:
            self.send(self.bridge.receive(line + b"\n"))
            if line.startswith(b"rate "):
                self._hz = int(line[5:])
            elif line == b"start":
                self.begin()
            elif line == b"stop":
                self.halt()

    def block(self, first: int, count: int) -> bytes:
        edges = np.arange(first, first + count + 1) / self._hz
        amps, levels = self.load.mean_amps(edges), self.load.levels(edges[:-1])
        lines = []
        for at in range(count):
            sensor = self.bridge.sensor
            sensor.amps, sensor.volts = float(amps[at]), self.load.volts
            sensor.joules = self.load.joules(0, float(edges[at + 1]))
            now = (first + at) * 1_000_000 // self._hz
            lines.append(self.bridge.poll(now, bool(levels[at])))
        return b"".join(lines)
