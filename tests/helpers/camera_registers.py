"""A camera driver of a board as a shared library whose registers are those of a model in Python."""

from __future__ import annotations

import ctypes
import functools
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Protocol

from edgekit.firmware_stubs.cameras import camera_driver
from edgekit.firmware_stubs.catalog import INCLUDE, ROOT
from edgekit.firmware_stubs.sources import PORT, camera_folders, driver_files
from edgekit.targets.reader import load_target
from tests.helpers.sccb_bus import Bus
from tests.helpers.toolchains import STRICT, compile_c

_copies = itertools.count()
REGISTERS = ROOT / "test" / "registers"
SANITIZE = ("-fsanitize=undefined", "-fno-sanitize-recover=all")

READ = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32)
WRITE = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32)


class Model(Protocol):
    """What stands for a chip."""

    def read(self, address: int) -> int:
        """The value of a register; time goes on."""

    def write(self, address: int, value: int) -> None:
        """A register is written."""


class Source(ctypes.Structure):
    """ek_row_source_t."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("look", "read", "arm", "came", "trouble", "disarm")),
        ("patience", ctypes.c_uint32),
    )


class Driver:
    """A fresh copy of a driver's library, as after a reset."""

    def __init__(self, name: str) -> None:
        self.facts = camera_driver(name)
        self.library = _load(_library(name))
        self.library.ek_camera_begin.restype = ctypes.c_char_p
        self.library.ek_camera_row.restype = ctypes.c_void_p
        self.library.ek_row_source_frame.restype = ctypes.c_char_p
        self.cycles_us = ctypes.c_uint32.in_dll(self.library, "model_cycles_us").value
        self.time = ctypes.c_uint64.in_dll(self.library, "model_time")
        self.frame = ctypes.addressof(ctypes.c_uint8.in_dll(self.library, "ek_driver_frame"))

    @property
    def frame_bytes(self) -> int:
        return _pixel_bytes(self.facts.formats[0]) * self.facts.width * self.facts.height

    def connect(self, model: Model) -> None:
        self._calls = READ(model.read), WRITE(model.write)
        self.library.model_connect(*self._calls)

    def begin(self) -> str:
        """What ek_camera_begin says: "" or a fault."""
        fault = self.library.ek_camera_begin()
        self.library.model_flush()
        return (fault or b"").decode()

    def picture(self) -> bytes:
        """The rows of the frame."""
        stride = self.frame_bytes // self.facts.height
        rows = (self.library.ek_camera_row(None, y) for y in range(self.facts.height))
        return b"".join(ctypes.string_at(row, stride) for row in rows)

    def start(self, sensor: str) -> None:
        """Pins, clocks and polarities for `sensor` (`ek_ov7670`), its registers left alone."""
        start = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._member("start"))
        start(ctypes.addressof(ctypes.c_char.in_dll(self.library, sensor)))
        self.library.model_flush()

    def small(self, row_bytes: int, rows: int, patience: int = 3000) -> str:
        """The fault of a frame of that size, taken into the driver's memory, or ""."""
        source = Source.from_buffer_copy(Source.from_address(self._address("source")))
        source.patience = patience
        frame = ctypes.c_void_p(self.frame)
        fault = self.library.ek_row_source_frame(ctypes.byref(source), frame, row_bytes, rows)
        self.library.model_flush()
        return (fault or b"").decode()

    def _address(self, member: str) -> int:
        place = getattr(DriverC, member).offset
        return ctypes.addressof(ctypes.c_char.in_dll(self.library, "ek_driver")) + int(place)

    def _member(self, member: str) -> int:
        return int(ctypes.c_void_p.from_address(self._address(member)).value or 0)


class DriverC(ctypes.Structure):
    """ek_driver_t."""

    _fields_ = (
        ("modes", ctypes.c_void_p),
        ("count", ctypes.c_uint32),
        ("own_rows", ctypes.c_void_p),
        ("own_count", ctypes.c_uint16),
        ("start", ctypes.c_void_p),
        *((f"bus_{name}", ctypes.c_void_p) for name in ("set", "read", "wait", "port")),
        ("source", Source),
    )


class Wires:
    """Two pins of a model as the bus that a sensor's registers are on; time is the driver's."""

    def __init__(self, bus: Bus, driver: Driver) -> None:
        self.bus, self.driver = bus, driver
        self.last = driver.time.value

    def set(self, line: int, high: bool) -> None:
        now = self.driver.time.value
        self.bus.pins.wait(None, (now - self.last) // self.driver.cycles_us)
        self.last = now
        self.bus.pins.set(None, line, high)

    def level(self, line: int) -> bool:
        return bool(self.bus.pins.read(None, line))


def _pixel_bytes(name: str) -> int:
    return 1 if name == "gray8" else 2


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edgekit-test-drivers-")


def _load(path: Path) -> ctypes.CDLL:
    """The library under a name of its own, so that its variables are."""
    copy = path.with_name(f"{next(_copies)}.so")
    shutil.copy(path, copy)
    library = ctypes.CDLL(str(copy))
    copy.unlink()
    return library


def include_flags(name: str, out: Path) -> list[str]:
    """Where a driver's C finds its headers; registers are a model's, and `out` gets the plan."""
    driver = camera_driver(name)
    (out / "ek_camera_plan.h").write_text(_plan(driver.formats[0], driver.width, driver.height))
    family = {path.parent for path in _port_headers(driver.target)}
    folders = (REGISTERS, *camera_folders(out, name), INCLUDE, *sorted(family))
    return [f"-I{folder}" for folder in folders]


@functools.cache
def _library(name: str) -> Path:
    out = Path(_folder().name) / name
    out.mkdir()
    flags = (*STRICT, *SANITIZE, "-O1", "-fPIC", "-shared", *include_flags(name, out))
    sources = (*driver_files(name), REGISTERS / "registers.c")
    compile_c("gcc", *flags, *sources, "-o", out / "driver.so")
    return out / "driver.so"


def _port_headers(target: str) -> list[Path]:
    """Headers of the board's family (stm32/, rp2/), not the board's own."""
    folder = PORT / load_target(target).port
    return [path for path in folder.parent.glob("*/*.h") if path.name != "board.h"]


def _plan(format: str, width: int, height: int) -> str:
    """What ek_driver.c wants of the plan that a build writes."""
    stride = _pixel_bytes(format) * width
    values = {
        "FORMAT": f'"{format}"',
        "WIDTH": width,
        "HEIGHT": height,
        "STRIDE": stride,
        "FRAME_BYTES": stride * height,
    }
    return "".join(f"#define EK_CAMERA_PLAN_{name} {value}\n" for name, value in values.items())
