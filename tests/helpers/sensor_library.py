"""firmware_stubs/camera/sensors/ as a shared library, and its structures."""

from __future__ import annotations

import ctypes
import functools
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgekit.firmware_stubs.sources import CAMERA
from tests.helpers.sccb_bus import Bus
from tests.helpers.toolchains import compile_c, require

SENSORS = CAMERA / "sensors"
SANITIZE = ("-fsanitize=undefined", "-fno-sanitize-recover=all")


class RegisterC(ctypes.Structure):
    """ek_register_t."""

    _fields_ = (("at", ctypes.c_uint16), ("value", ctypes.c_uint8), ("wait_ms", ctypes.c_uint8))


class RegistersC(ctypes.Structure):
    """ek_registers_t."""

    _fields_ = (("rows", ctypes.POINTER(RegisterC)), ("count", ctypes.c_uint16))

    def listed(self) -> list[tuple[int, int, int]]:
        """Rows of register, value and milliseconds."""
        rows = (self.rows[i] for i in range(self.count))
        return [(row.at, row.value, row.wait_ms) for row in rows]


class IdentityC(ctypes.Structure):
    """ek_identity_t."""

    _fields_ = (("at", ctypes.c_uint16), ("mask", ctypes.c_uint8), ("value", ctypes.c_uint8))


class SensorC(ctypes.Structure):
    """ek_sensor_t."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_uint8),
        ("register_bytes", ctypes.c_uint8),
        ("restarts", ctypes.c_bool),
        ("settle_ms", ctypes.c_uint8),
        ("identities", ctypes.c_uint8),
        ("identity", ctypes.POINTER(IdentityC)),
        ("select", RegistersC),
        ("frame_high", ctypes.c_bool),
        ("falling", ctypes.c_bool),
    )


class ModeC(ctypes.Structure):
    """ek_sensor_mode_t."""

    _fields_ = (
        ("sensor", ctypes.POINTER(SensorC)),
        ("format", ctypes.c_char_p),
        ("width", ctypes.c_uint16),
        ("height", ctypes.c_uint16),
        ("common", RegistersC),
        ("own", RegistersC),
    )


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edgekit-test-sensors-")


@functools.cache
def load() -> ctypes.CDLL:
    """The library, compiled on first use."""
    require("gcc")
    out = Path(_folder().name) / "sensors.so"
    sources = sorted(SENSORS.glob("*.c"))
    compile_c("gcc", "-O1", "-fPIC", "-shared", *SANITIZE, *sources, "-o", out)
    return ctypes.CDLL(str(out))


@functools.cache
def statuses() -> tuple[str, ...]:
    """Names of ek_sccb_status_t in the order of the header, which is that of their numbers."""
    text = (SENSORS / "ek_sccb.h").read_text(encoding="utf-8")
    body = re.search(r"typedef enum \{([^}]*)\} ek_sccb_status_t;", text)
    assert body
    return tuple(re.findall(r"^ +EK_SCCB_(\w+)", body[1], re.MULTILINE))


def table(rows: Sequence[tuple[int, ...]]) -> RegistersC:
    """Rows of register, value and, where there is one, milliseconds as C has them."""
    return RegistersC((RegisterC * len(rows))(*(RegisterC(*row) for row in rows)), len(rows))


def sensor(
    address: int,
    *,
    register_bytes: int = 1,
    restarts: bool = False,
    select: Sequence[tuple[int, int]] = (),
    identity: Sequence[tuple[int, int, int]] = (),
) -> SensorC:
    return SensorC(
        name=b"made up",
        address=address,
        register_bytes=register_bytes,
        restarts=restarts,
        select=table(select),
        identity=(IdentityC * len(identity))(*(IdentityC(*row) for row in identity)),
        identities=len(identity),
    )


@functools.cache
def modes() -> dict[str, ModeC]:
    """Every mode that ek_sensors.h declares, by its name in C."""
    text = (SENSORS / "ek_sensors.h").read_text(encoding="utf-8")
    lists = re.findall(r"extern const ek_sensor_mode_t ([^;]+);", text)
    names = [name.strip() for names in lists for name in names.split(",")]
    return {name: ModeC.in_dll(load(), name) for name in names}


def run(name: str, bus: Bus, *rest: object) -> str:
    """The status that a function of ek_sccb.h or ek_sensor.h ends with, by its name."""
    found = statuses()[getattr(load(), name)(ctypes.byref(bus.pins), *rest)]
    assert bus.errors == []
    return found
