"""Frames from a sensor's parallel lines in C, on made-up recordings of the lines."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.firmware_stubs.catalog import ROOT
from edgekit.firmware_stubs.sources import CAMERA
from tests.helpers.frame_library import UBSAN, Guarded
from tests.helpers.toolchains import compile_c

VSYNC, HREF, PCLK = 0x100, 0x200, 0x400


@functools.cache
def folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edgekit-test-parallel-")


@functools.cache
def load() -> ctypes.CDLL:
    out = Path(folder().name) / "parallel.so"
    capture = CAMERA / "capture"
    sources = (ROOT / "test" / "parallel_replay.c", capture / "ek_row_source.c")
    compile_c("gcc", "-O2", "-fPIC", "-shared", *UBSAN, f"-I{capture}", *sources, "-o", out)
    library = ctypes.CDLL(str(out))
    library.parallel_replay.restype = ctypes.c_char_p
    return library


def replay(levels: Sequence[int], row_bytes: int, rows: int) -> tuple[str, bytes]:
    """What is wrong, or "", and the frame."""
    given, frame = np.array(levels, np.uint32), Guarded(row_bytes * rows)
    fault = load().parallel_replay(
        ctypes.c_void_p(given.ctypes.data),
        len(given),
        ctypes.c_void_p(frame.address),
        row_bytes,
        rows,
    )
    return (fault or b"").decode(), frame.check().tobytes()


def recording(
    rows: Sequence[bytes], looks: int = 2, *, late: bool = False, blank: int = 3
) -> list[int]:
    """A frame that had begun, a pulse of VSYNC, and these rows; each level is seen `looks` times.

    With `late`, HREF is first seen together with the first byte's clock.
    """
    levels = [HREF | PCLK | 0xEE, HREF | 0xEE] * 3 + [0] * blank + [VSYNC] * looks + [0] * blank
    for row in rows:
        for index, byte in enumerate(row):
            if index or not late:
                levels += [HREF | byte] * looks
            levels += [HREF | PCLK | byte] * looks
        levels += [HREF | row[-1]] * (looks if late else 0) + [0] * blank
    return [*levels, VSYNC]


@given(
    st.integers(1, 5),
    st.integers(1, 6),
    st.integers(2, 4),
    st.booleans(),
    st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_frames_come_byte_for_byte(
    rows: int, row_bytes: int, looks: int, late: bool, random: Random
) -> None:
    """The frame that was under way is left out."""
    sent = [bytes(random.randint(0, 255) for _ in range(row_bytes)) for _ in range(rows)]
    levels = recording(sent, looks, late=late)
    assert replay(levels, row_bytes, rows) == ("", b"".join(sent))


def test_missed_and_additional_bytes_are_told() -> None:
    rows = [b"abcd", b"efgh", b"ijkl"]
    assert replay(recording(rows), 4, 3)[0] == ""
    assert replay(recording([b"abcd", b"efg", b"ijkl"]), 4, 3)[0] == "short row"
    assert replay(recording([b"abcd", b"efghx", b"ijkl"]), 4, 3)[0] == "long row"
    assert replay(recording(rows[:2]), 4, 3)[0] == "too few rows"
    assert replay(recording([*rows, b"mnop"]), 4, 3)[0] == "too many rows"


def test_a_core_that_is_too_slow_is_told() -> None:
    """Every third look only: clocks are missed, and no picture is made of the rest."""
    levels = recording([b"abcdefgh"] * 4, looks=1, blank=9)
    levels[levels.index(VSYNC)] = 0
    levels = levels[:6] + [VSYNC] * 9 + levels[6:]
    assert replay(levels[::3], 8, 4)[0] == "short row"


def test_dead_lines_do_not_hang() -> None:
    assert replay([0], 4, 3)[0] == "no frames"
    assert replay([VSYNC], 4, 3)[0] == "no frames"
    assert replay([0, VSYNC, 0], 4, 3)[0] == "too few rows"
    assert replay([0, VSYNC, 0, HREF], 4, 3)[0] == "short row"


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_nothing_is_read_or_written_outside(compiler: str, tmp_path: Path) -> None:
    """Under the address sanitizer, with frame and recording in memory of exactly their size."""
    program = tmp_path / "parallel"
    sources = (ROOT / "test" / "parallel_main.c", ROOT / "test" / "parallel_replay.c")
    include = f"-I{CAMERA / 'capture'}"
    sanitize = "-fsanitize=address,undefined"
    rows_c = CAMERA / "capture" / "ek_row_source.c"
    compile_c(compiler, "-O1", "-g", sanitize, include, *sources, rows_c, "-o", program)
    random = Random(3)
    faults, recordings = [], b""
    for _ in range(200):
        sent = [random.randbytes(random.randint(2, 6)) for _ in range(random.randint(1, 5))]
        levels = recording(sent, random.randint(1, 3), late=random.random() < 0.5)
        levels = levels[: random.randint(1, len(levels))] if random.random() < 0.3 else levels
        faults.append(replay(levels, 4, 3)[0])
        recordings += np.array([len(levels), 4, 3, *levels], np.uint32).tobytes()
    assert len(set(faults)) >= 5
    done = subprocess.run([program], input=recordings, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == faults
