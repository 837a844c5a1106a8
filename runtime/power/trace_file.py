"""Power traces as files: .npz with everything in it, .csv for other programs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError

FORMATS = (".npz", ".csv")
COLUMNS = "t_s,volts,amps,mark"
ABOUT = "# edgekit-trace "


def trace_npz(trace: PowerTrace) -> bytes:
    """The whole trace as a compressed .npz: arrays t (s), volts, amps (float64), marks (text),
    about (JSON text)."""
    stream = io.BytesIO()
    marks = np.array([_mark_text(mark) for mark in trace.marks], np.str_)
    np.savez_compressed(
        stream,
        t=trace.t,
        volts=trace.volts,
        amps=trace.amps,
        marks=marks,
        about=np.array(json.dumps(_about(trace), sort_keys=True)),
    )
    return stream.getvalue()


def trace_csv(trace: PowerTrace) -> str:
    """The whole trace as text: a comment about it, a heading, one line a sample with nine digits;
    marks stand in the line of the first sample at or after them."""
    marks: dict[int, list[str]] = {}
    for mark in trace.marks:
        at = min(int(np.searchsorted(trace.t, mark.t)), len(trace.t) - 1)
        marks.setdefault(at, []).append(f"{mark.kind} {mark.label}".rstrip())
    lines = [ABOUT + json.dumps(_about(trace), sort_keys=True), COLUMNS]
    rows = zip(trace.t.tolist(), trace.volts.tolist(), trace.amps.tolist(), strict=True)
    lines += [
        f"{t:.9g},{volts:.9g},{amps:.9g},{'; '.join(marks.get(at, ()))}"
        for at, (t, volts, amps) in enumerate(rows)
    ]
    return "\n".join(lines) + "\n"


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


def _unreadable(path: Path, found: str, code: str) -> MeterError:
    return MeterError(
        str(path),
        found,
        allowed="a trace written by `edgekit meters record` or `edgekit bench`",
        hint="check the path",
        code=code,
    )


def _about(trace: PowerTrace) -> dict[str, Any]:
    return {
        "lost_samples": trace.lost_samples,
        "sample_rate_hz": trace.sample_rate_hz,
        "meter": trace.meter,
        "range_a": list(trace.range_a),
        "calibration": trace.calibration,
        "provenance": str(trace.provenance),
        "saturated_samples": trace.saturated_samples,
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
