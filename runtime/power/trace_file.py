"""Power traces as files: .npz with everything in it, .csv for other programs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.files import writing
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.power.trace_parts import Parts, Summary, summarize

FORMATS = (".npz", ".csv")
COLUMNS = "t_s,volts,amps,mark"
ABOUT = "# edgekit-trace "
ROWS = 1 << 16
"""Samples written in one go."""


def trace_npz(trace: PowerTrace) -> bytes:
    """The whole trace as an .npz; see `write_npz`."""
    stream = io.BytesIO()
    write_npz(stream, lambda: iter((trace,)), summarize((trace,)))
    return stream.getvalue()


def trace_csv(trace: PowerTrace) -> str:
    """The whole trace as text; see `write_csv`."""
    stream = io.BytesIO()
    write_csv(stream, lambda: iter((trace,)), summarize((trace,)))
    return stream.getvalue().decode()


def write_npz(stream: IO[bytes], parts: Parts, summary: Summary) -> None:
    """Write a recording as a compressed .npz: arrays t (s), volts, amps (float64), marks (text),
    about (JSON text). The parts are gone through once for each array."""
    marks = np.array([_mark_text(mark) for mark in summary.marks], np.str_)
    about = np.array(json.dumps(_about(summary), sort_keys=True))
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        _member(archive, "t", summary.samples, (part.t for part in parts()))
        _member(archive, "volts", summary.samples, _volts(parts, summary))
        _member(archive, "amps", summary.samples, (part.amps for part in parts()))
        for name, array in (("marks", marks), ("about", about)):
            with archive.open(f"{name}.npy", "w") as member:
                npy.write_array(member, array, allow_pickle=False)  # type: ignore[no-untyped-call]


def _volts(parts: Parts, summary: Summary) -> Iterator[NDArray[np.float64]]:
    """The supply; one that is constant is written without going through the parts."""
    if summary.volts is None:
        yield from (part.volts for part in parts())
        return
    for first in range(0, summary.samples, ROWS):
        yield np.full(min(ROWS, summary.samples - first), summary.volts)


def _member(
    archive: zipfile.ZipFile, name: str, count: int, pieces: Iterable[NDArray[np.float64]]
) -> None:
    """Write an array of `count` numbers that comes in pieces."""
    header = {"descr": "<f8", "fortran_order": False, "shape": (count,)}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        npy.write_array_header_1_0(member, header)  # type: ignore[no-untyped-call]
        for piece in pieces:
            member.write(np.ascontiguousarray(piece, "<f8").tobytes())


def write_csv(stream: IO[bytes], parts: Parts, summary: Summary) -> None:
    """Write a recording as text: a comment about it, a heading, one line a sample with nine
    digits; marks stand in the line of the first sample at or after them."""
    head = [ABOUT + json.dumps(_about(summary), sort_keys=True), COLUMNS]
    stream.write(("\n".join(head) + "\n").encode())
    marks = [(min(mark.t, summary.last_s), mark) for mark in summary.marks]
    for part in parts():
        if not len(part.t):
            continue
        here = [(t, mark) for t, mark in marks if t <= part.t[-1]]
        marks = marks[len(here) :]
        for first in range(0, len(part.t), ROWS):
            stream.write("".join(_rows(part, first, here)).encode())


def _rows(part: PowerTrace, first: int, marks: list[tuple[float, Mark]]) -> Iterator[str]:
    """Lines of at most ROWS samples."""
    words: dict[int, list[str]] = {}
    for t, mark in marks:
        at = int(np.searchsorted(part.t, t)) - first
        words.setdefault(at, []).append(f"{mark.kind} {mark.label}".rstrip())
    columns = [array[first : first + ROWS].tolist() for array in (part.t, part.volts, part.amps)]
    for at, (t, volts, amps) in enumerate(zip(*columns, strict=True)):
        yield f"{t:.9g},{volts:.9g},{amps:.9g},{'; '.join(words.get(at, ()))}\n"


def write_trace(path: Path, parts: Parts, summary: Summary) -> None:
    """Write a recording as the file's name says, whole or not at all. Raises OutputError."""
    with writing(path) as stream:
        (write_csv if path.suffix == ".csv" else write_npz)(stream, parts, summary)


def read_trace(path: Path) -> PowerTrace:
    """The trace in an .npz or .csv file that EdgeKit wrote.

    Raises MeterError for a file that is missing or holds something else.
    """
    try:
        read = _from_csv if path.suffix == ".csv" else _from_npz
        trace = read(path)
    except FileNotFoundError:
        raise _unreadable(path, "no such file", "trace-missing") from None
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
        raise _unreadable(path, f"not a power trace ({error})", "trace-unreadable") from None
    if len(trace.t) < 2 or not (np.diff(trace.t) > 0).all():
        raise _unreadable(path, "its times do not rise", "trace-unreadable")
    return trace


def npz_parts(path: Path) -> Iterator[PowerTrace]:
    """The samples in an .npz that EdgeKit wrote, in parts of ROWS at most, without marks: memory
    does not grow with the recording. Raises MeterError as `read_trace` does."""
    try:
        with zipfile.ZipFile(path) as archive, ExitStack() as opened:
            about = json.loads(str(np.load(archive.open("about.npy"))))
            members = [
                opened.enter_context(archive.open(f"{name}.npy")) for name in ("t", "volts", "amps")
            ]
            (count, *_) = [_array_length(member) for member in members]
            for first in range(0, count, ROWS):
                wanted = 8 * min(ROWS, count - first)
                arrays = [np.frombuffer(member.read(wanted), "<f8") for member in members]
                yield _trace(arrays[0], arrays[1], arrays[2], (), about)
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
        raise _unreadable(path, f"not a power trace ({error})", "trace-unreadable") from None


def _array_length(member: IO[bytes]) -> int:
    """Of the array of float64 whose header is read."""
    npy.read_magic(member)  # type: ignore[no-untyped-call]
    (count,), _, dtype = npy.read_array_header_1_0(member)  # type: ignore[no-untyped-call]
    if dtype != np.dtype("<f8"):
        raise ValueError(f"samples are {dtype}")
    return int(count)


def _unreadable(path: Path, found: str, code: str) -> MeterError:
    return MeterError(
        str(path),
        found,
        allowed="a trace written by `edgekit meters record` or `edgekit bench`",
        hint="check the path",
        code=code,
    )


def _about(summary: Summary) -> dict[str, Any]:
    end = summary.end
    return {
        "lost_samples": summary.lost,
        "sample_rate_hz": end.sample_rate_hz,
        "meter": end.meter,
        "range_a": list(end.range_a),
        "calibration": end.calibration,
        "provenance": str(end.provenance),
        "saturated_samples": summary.saturated,
    }


def _mark_text(mark: Mark) -> str:
    return f"{mark.t!r} {mark.kind} {mark.label}".rstrip()


def _trace(
    t: NDArray[np.float64],
    volts: NDArray[np.float64],
    amps: NDArray[np.float64],
    marks: tuple[Mark, ...],
    about: dict[str, Any],
) -> PowerTrace:
    arrays = [np.asarray(array, np.float64) for array in (t, volts, amps)]
    if len({array.shape for array in arrays}) != 1 or arrays[0].ndim != 1:
        raise ValueError("its arrays differ in length")
    for array in arrays:
        array.setflags(write=False)
    given = {**about}
    if "range_a" in given:
        low, high = given["range_a"]
        given["range_a"] = (float(low), float(high))
    if "provenance" in given:
        given["provenance"] = Provenance(given["provenance"])
    return PowerTrace(arrays[0], arrays[1], arrays[2], marks, **given)


def _from_npz(path: Path) -> PowerTrace:
    with np.load(path, allow_pickle=False) as data:
        about = json.loads(str(data["about"])) if "about" in data else {}
        marks = tuple(_mark(text) for text in data["marks"].tolist())
        return _trace(data["t"], data["volts"], data["amps"], marks, about)


def _mark(text: str) -> Mark:
    t, kind, label = [*text.split(" ", 2), ""][:3]
    return Mark(float(t), kind, label)


def _from_csv(path: Path) -> PowerTrace:
    lines = path.read_text(encoding="utf-8").splitlines()
    about = json.loads(lines[0].removeprefix(ABOUT)) if lines[0].startswith(ABOUT) else {}
    first = lines.index(COLUMNS) + 1
    cells = [line.split(",", 3) for line in lines[first:]]
    table = np.array([[float(cell) for cell in row[:3]] for row in cells]).reshape(-1, 3)
    marks = [
        Mark(float(row[0]), *[*words.split(" ", 1), ""][:2])
        for row in cells
        for words in row[3].split("; ")
        if words
    ]
    return _trace(table[:, 0], table[:, 1], table[:, 2], tuple(marks), about)
