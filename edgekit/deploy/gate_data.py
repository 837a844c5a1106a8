"""What a study of the change gate reads: the events of a clip, and what frames cost."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from edgekit.artifacts.report import read_report
from edgekit.errors import DataError


@dataclass(frozen=True, slots=True)
class Event:
    """Frames `start` to `end`, both included, counted from 0, in which something happens."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one frame's conversion, with the gate, and of one inference, in `unit`."""

    convert: float
    infer: float
    unit: str
    basis: str
    """Where the figures are from, and whether measured, simulated or estimated."""


def read_events(path: str | Path, frames: int) -> tuple[Event, ...]:
    """Rows `start,end[,label]` of a CSV file under a header, within a clip of `frames` frames.

    Raises DataError naming the first row that cannot be.
    """
    place = Path(path)
    try:
        with place.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _no_events(str(place), f"cannot be read: {error}", frames) from None
    found = []
    for number, row in enumerate(rows, 2):
        try:
            event = Event(int(row["start"]), int(row["end"]), row.get("label") or "")
        except (KeyError, TypeError, ValueError):
            raise _no_events(f"{place}, line {number}", "no frame numbers", frames) from None
        if not 0 <= event.start <= event.end < frames:
            text = f"frames {event.start} to {event.end}"
            raise _no_events(f"{place}, line {number}", text, frames)
        found.append(event)
    if not found:
        raise _no_events(str(place), "no events in it", frames)
    return tuple(found)


def _no_events(subject: str, found: str, frames: int) -> DataError:
    return DataError(
        subject,
        found,
        allowed=f"a header start,end,label and frames 0 to {frames - 1}, start not after end",
        hint="number the frames of the clip from 0 in the order in which they are shown",
        code="gate-events",
    )


def read_costs(counts: str | Path | None, energy: str | Path | None) -> Costs:
    """What frames cost: instructions of a camera.json (`edgekit camera -o`), or energy of a
    report.json; with both, conversion takes the share of energy that it has of instructions.

    Without either inferences are counted. Raises DataError.
    """
    counted = _counted(Path(counts)) if counts else None
    if energy is None:
        return counted or Costs(0.0, 1.0, "inferences", "inferences counted, conversion left out")
    report = read_report(Path(energy), samples=False)
    if report.energy is None:
        raise DataError(
            str(energy),
            "a report without energy",
            allowed="a report of `edgekit bench --power ...`",
            hint="leave --energy out to count instructions or inferences",
            code="gate-costs",
        )
    joules, how = report.energy.gross_j, report.energy.provenance
    basis = f"{how} energy of an inference ({report.energy.meter})"
    if counted is None:
        return Costs(0.0, joules, "J", f"{basis}, conversion left out")
    share = counted.convert / counted.infer
    return Costs(joules * share, joules, "J", f"{basis}, conversion estimated by instructions")


def _counted(path: Path) -> Costs:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        convert = fmean(frame["convert"] for frame in record["frames"])
        infer = fmean(frame["infer"] for frame in record["frames"] if frame["ran"])
        unit, basis = str(record["unit"]), f"{record['basis']} on {record['device']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            str(path),
            f"no counts of frames: {error}",
            allowed="camera.json of `edgekit camera BUNDLE --frames ... -o DIR`",
            hint="run it on a few frames of the clip",
            code="gate-costs",
        ) from None
    return Costs(convert, infer, unit, basis)
