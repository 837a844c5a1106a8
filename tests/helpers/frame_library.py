"""firmware_stubs/camera/ as a shared library, called with the plans of converter/camera/."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converter.camera.emit import (
    columns_of,
    has_lanes,
    paired,
    planes_of,
    unpacker,
    work_bytes,
)
from edgekit.converter.camera.plan import FramePlan
from edgekit.converter.camera.taps import Taps
from edgekit.firmware_stubs.catalog import ROOT
from edgekit.firmware_stubs.sources import CAMERA

FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-shared")
UBSAN = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
GUARD = 32
MARK = 0xA5


class TapsC(ctypes.Structure):
    """ek_taps_t."""

    _fields_ = (("first", ctypes.c_uint16), ("count", ctypes.c_uint16))


class PlanC(ctypes.Structure):
    """ek_frame_plan_t."""

    _fields_ = (
        *((name, ctypes.c_uint16) for name in ("width", "height", "left", "columns")),
        *((name, ctypes.c_uint16) for name in ("out_width", "out_height")),
        *((name, ctypes.c_uint8) for name in ("channels", "planes", "neighbours")),
        ("order", ctypes.c_uint8 * 3),
        ("bytes", ctypes.c_uint8),
        ("kept", ctypes.c_uint16),
        *((name, ctypes.c_void_p) for name in ("unpack", "lanes", "across", "down")),
        *((name, ctypes.c_void_p) for name in ("across_weight", "down_weight", "stored")),
    )


class WorkC(ctypes.Structure):
    """ek_frame_work_t."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("pixels", "kept", "mixed", "lanes"))


class WholeC(ctypes.Structure):
    """frame_whole_t."""

    _fields_ = (("bytes", ctypes.c_void_p), ("stride", ctypes.c_uint32))


@functools.cache
def load() -> ctypes.CDLL:
    """The library, compiled on first use with the undefined-behaviour sanitizer."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")
    out = Path(_folder().name) / "camera.so"
    sources = [*CAMERA.glob("*.c"), ROOT / "test" / "frame_whole.c"]
    includes = [f"-I{CAMERA}", f"-I{ROOT / 'test'}"]
    command = ["gcc", *FLAGS, *UBSAN, *includes, *map(str, sorted(sources)), "-o", str(out)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(out))


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edgekit-test-camera-")


class Guarded:
    """Memory between guard bytes, which `check` finds untouched."""

    def __init__(self, count: int) -> None:
        self.all = np.full(count + 2 * GUARD, MARK, np.uint8)
        self.count = count

    @property
    def address(self) -> int:
        return int(self.all.ctypes.data) + GUARD

    def check(self) -> NDArray[np.uint8]:
        """The bytes between the guards."""
        assert (self.all[:GUARD] == MARK).all()
        assert (self.all[GUARD + self.count :] == MARK).all()
        return self.all[GUARD : GUARD + self.count]


def convert(plan: FramePlan, raw: NDArray[np.uint8], *, lanes: bool = False) -> NDArray[Any]:
    """What ek_frame_convert makes of a frame, in the form of `convert_frame`; with `lanes` by them
    where the plan has them."""
    library, keep = load(), []
    laned = lanes and has_lanes(plan)
    left, right = columns_of(plan, lanes=laned)
    across = plan.across.shifted(left)
    across = paired(across) if laned else across

    def address(values: NDArray[Any]) -> int:
        keep.append(values)
        return int(values.ctypes.data)

    def taps(found: Taps, step: int = 1) -> int:
        pairs = [(at, len(row) // step) for at, row in zip(found.first, found.weights, strict=True)]
        return address(np.array(pairs, np.uint16))

    def weights(found: Taps) -> int:
        return address(np.array([w for row in found.weights for w in row], np.int32))

    def function(name: str) -> int | None:
        if name == "0":
            return None
        return ctypes.cast(getattr(library, name), ctypes.c_void_p).value

    given = PlanC(
        width=plan.width,
        height=plan.height,
        left=left,
        columns=right - left,
        out_width=plan.shape[1],
        out_height=plan.shape[0],
        channels=plan.channels,
        planes=planes_of(plan),
        neighbours=plan.format.neighbours,
        order=(2, 1, 0) if plan.reverse else (0, 1, 2),
        bytes=plan.stored.itemsize,
        kept=plan.down.most,
        unpack=function(unpacker(plan)),
        lanes=function(f"ek_lanes_{plan.format.name}") if laned else None,
        across=taps(across, 1 + laned),
        down=taps(plan.down),
        across_weight=weights(across),
        down_weight=weights(plan.down),
        stored=address(np.ascontiguousarray(plan.stored)),
    )
    sizes = work_bytes(plan, lanes=laned)
    memory = [Guarded(sizes[what]) for what in ("PIXELS", "KEPT", "MIXED", "LANES")]
    out = Guarded(int(np.prod(plan.shape)) * plan.stored.itemsize)
    whole = WholeC(bytes=address(np.ascontiguousarray(raw)), stride=raw.shape[1])
    library.ek_frame_convert(
        ctypes.byref(given),
        ctypes.byref(WorkC(*(part.address for part in memory))),
        library.frame_whole_row,
        ctypes.byref(whole),
        None,
        None,
        ctypes.c_void_p(out.address),
    )
    for part in memory:
        part.check()
    return out.check().view(plan.stored.dtype).reshape(1, *plan.shape).copy()
