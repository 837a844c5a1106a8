"""The report: the record of one conversion or benchmark that every view is made from.

`report.json` holds this record. Every latency sample is kept, in a file beside it where there are
many; a power trace is not (a minute at 100 kHz is six million samples): the record keeps an
envelope for the picture and the name of the `.npz` file beside it. The date stands in `created` and
nowhere else, and is empty for the report inside a bundle, so that equal conversions stay equal byte
for byte.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from edgekit.artifacts.bundle import AccuracySummary, MemorySummary, StepInfo, TensorInfo
from edgekit.artifacts.coding import CodingSummary
from edgekit.artifacts.figures import Figure, Note
from edgekit.artifacts.mlperf import MlperfRecord
from edgekit.artifacts.power import EnergyResult
from edgekit.artifacts.precision import PrecisionSummary
from edgekit.artifacts.pruning import PruneSummary
from edgekit.artifacts.report_checks import first_fault, unreadable_value
from edgekit.artifacts.report_migrations import REPORT_REVISION, migrated
from edgekit.artifacts.run import RunResult
from edgekit.artifacts.samples import SamplesFile, SamplesLost, load_samples, unpacked_samples
from edgekit.artifacts.streaming import StreamSummary
from edgekit.errors import DataError

REPORT_SCHEMA = 1
REPORT_NAME = "report.json"
TRACE_NAME = "power-trace.npz"


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """The machine the model was converted for. A memory of 0 bytes means "not stated"."""

    name: str
    title: str
    cpu: str
    clock_hz: int
    flash_bytes: int = 0
    ram_bytes: int = 0
    stack_bytes: int = 0
    profile_sha256: str = ""
    """Hash of everything the profile states; empty: not told."""


@dataclass(frozen=True, slots=True)
class BundleSummary:
    """What a report says about the bundle; taken from its manifest.

    `layers_sqnr_db` maps a layer to its signal to quantization noise ratio; None means that it
    is exact (no noise at all).
    """

    name: str
    """A C identifier: prefix of every generated symbol."""
    model_sha256: str
    """Of the .tflite file; so is `model_bytes`."""
    model_bytes: int
    source: dict[str, str]
    """The file that was converted: name (no folder), format, sha256."""
    precision: str
    """As it was asked for: "int8", "int4", "float16", ..."""
    macs: int
    """Multiply-accumulates of one inference."""
    operators: dict[str, int]
    """Operator of the model -> how many layers have it."""
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    recipe: dict[str, Any] = field(default_factory=dict)
    """What shaped the result: calibration data, options of `convert`."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes: model, weights, constants (requantization, tables), arena."""
    accuracy: AccuracySummary | None = None
    layers_sqnr_db: dict[str, float | None] = field(default_factory=dict)
    steps: tuple[StepInfo, ...] = ()
    memory: MemorySummary | None = None
    coding: CodingSummary | None = None
    """None where weights are stored as they are."""
    pruning: PruneSummary | None = None
    """None where nothing was pruned in the conversion."""
    streaming: StreamSummary | None = None
    """None where every inference takes its whole input."""
    formats: PrecisionSummary | None = None
    """How every layer got its number format; None where all have one unasked."""
    cost_basis: dict[str, str] = field(default_factory=dict)
    """What estimated instructions rest on."""
    versions: dict[str, str] = field(default_factory=dict)
    """Program or package -> the version that converted."""
    manifest_sha256: str = ""
    """Hash of the bundle's edgekit.json, which has those of all it was made from; empty: not
    told."""
    labels: tuple[str, ...] = ()
    """Names of the classes, in the order of the output; empty: not given."""
    kernel_sets: dict[str, str] = field(default_factory=dict)
    """Folder of kernels the generated C uses ("dsp", "ref") -> the version they are of."""


@dataclass(frozen=True, slots=True)
class TraceEnvelope:
    """A power trace reduced to at most a few hundred columns; no peak is lost.

    Column i covers `step_s` seconds from `start_s + i * step_s`. `low_w`, `mean_w` and `high_w`
    are the smallest, mean and largest power in it, in watt, and None where samples are missing.
    """

    start_s: float
    step_s: float
    low_w: tuple[float | None, ...]
    mean_w: tuple[float | None, ...]
    high_w: tuple[float | None, ...]
    samples: int
    sample_rate_hz: float
    meter: str
    file: str = ""
    """Name of the side file with all samples, in the report's folder; empty: not kept."""
    file_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The content of `report.json`, schema 1. `figures` maps a stable name to its value."""

    tool: str
    """Name and version of the program: "edgekit 0.1.0"."""
    created: str
    """ISO 8601 date and time with zone, or empty in a bundle."""
    bundle: BundleSummary
    target: TargetSummary
    figures: dict[str, Figure] = field(default_factory=dict)
    runs: tuple[RunResult, ...] = ()
    energy: EnergyResult | None = None
    trace: TraceEnvelope | None = None
    warnings: tuple[Note, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    """The machine that made the report: cpu, os, python, commit."""
    mlperf: MlperfRecord | None = None
    """Where the run went by the rules of MLPerf Tiny."""
    samples: SamplesFile | None = None
    """The file beside the record that holds the samples its runs name; None: they are all here."""
    schema: int = REPORT_SCHEMA
    revision: int = REPORT_REVISION
    """Counts additions to a schema, which older readers ignore."""

    def to_json(self) -> str:
        """Deterministic JSON text: sorted keys, lists of plain numbers on one line."""
        return _dump(asdict(self), 0) + "\n"


def from_json(text: str, *, subject: str = REPORT_NAME) -> Report:
    """The report written by `to_json`, older ones migrated; unknown fields are ignored.

    Raises DataError when the text is damaged, holds what no record can hold (see
    `report_checks.CHECKS`) or is of a newer schema.
    """
    try:
        raw = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _damaged(subject, str(error)) from None
    version = raw.get("schema") if isinstance(raw, dict) else None
    if type(version) is int and version > REPORT_SCHEMA:
        raise DataError(
            subject,
            f"report schema {version}, written by a newer EdgeKit",
            allowed=str(REPORT_SCHEMA),
            hint="run: pip install --upgrade edgekit-sdk",
            code="report-newer",
        )
    if type(version) is not int or version != REPORT_SCHEMA:
        raise DataError(
            subject,
            f"not an EdgeKit report (schema {version!r})"[:200],
            hint="name a report.json that `edgekit bench` or `edgekit convert` wrote",
            code="report-damaged",
        )
    if fault := unreadable_value(raw):
        raise _damaged(subject, fault)
    report = _validated(migrated(raw), subject)
    if fault := first_fault(report):
        raise _damaged(subject, fault)
    return report


def read_report(path: Path, *, samples: bool = True) -> Report:
    """The report at `path` (the file, or the folder that holds `report.json`).

    With `samples` those in a file beside it are there too, and read when they are asked for; where
    it is missing or another, the report is without them and has a warning that says so. Without,
    the file is not looked at.

    Raises DataError when the record is missing, damaged or of a newer schema.
    """
    place = path / REPORT_NAME if path.is_dir() else path
    try:
        report = from_json(place.read_text(encoding="utf-8-sig"), subject=str(place))
    except OSError as error:
        raise DataError(
            str(place),
            f"cannot be read: {error.strerror or error}",
            hint="run `edgekit bench BUNDLE -o DIR` to make a report",
            code="report-missing",
        ) from None
    except UnicodeDecodeError as error:
        raise _damaged(str(place), str(error)) from None
    return _with_samples(report, place.parent) if samples else report


def _with_samples(report: Report, folder: Path) -> Report:
    if report.samples is None:
        return report
    return _filled(report, partial(load_samples, report.runs, report.samples, folder))


def with_samples(report: Report, data: bytes) -> Report:
    """A report with the samples that `data`, the content of the file it names, holds; where that is
    another one, without them and with a warning that says so."""
    if report.samples is None:
        return report
    return _filled(report, partial(unpacked_samples, report.runs, report.samples, data))


def _filled(report: Report, runs: Callable[[], tuple[RunResult, ...]]) -> Report:
    try:
        return replace(report, runs=runs(), samples=None)
    except SamplesLost as lost:
        return replace(report, warnings=(*report.warnings, lost.note))


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def json_schema() -> str:
    """The JSON Schema (draft 2020-12) of `report.json`, as text."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Report).json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"EdgeKit report, schema {REPORT_SCHEMA}"
    schema["properties"]["schema"]["const"] = REPORT_SCHEMA
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _validated(raw: dict[str, Any], subject: str) -> Report:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Report).validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part)[:60] for part in first["loc"])
        raise _damaged(subject, f"{where}: {first['msg']}") from None
    except RecursionError:
        raise _damaged(subject, "nested too deeply") from None


def _damaged(subject: str, why: str) -> DataError:
    return DataError(
        subject,
        f"damaged: {why}",
        hint="run `edgekit bench` again to make a new report",
        code="report-damaged",
    )


def _dump(value: Any, depth: int) -> str:
    """JSON with one line per field, and plain lists kept on one line."""
    if isinstance(value, dict) and value:
        rows = [f"{_scalar(str(key))}: {_dump(value[key], depth + 1)}" for key in sorted(value)]
        return _block("{", rows, "}", depth)
    if isinstance(value, list | tuple) and value:
        if any(isinstance(item, dict | list | tuple) for item in value):
            return _block("[", [_dump(item, depth + 1) for item in value], "]", depth)
        return f"[{', '.join(map(_scalar, value))}]"
    return _scalar(value)


def _block(opening: str, rows: list[str], closing: str, depth: int) -> str:
    pad = " " * (depth + 1)
    return f"{opening}\n{pad}" + f",\n{pad}".join(rows) + f"\n{' ' * depth}{closing}"


_plain: Callable[[Any], str] = partial(json.dumps, ensure_ascii=False)


def _scalar(value: Any) -> str:
    """JSON has no infinity and no NaN: null stands for them."""
    return "null" if isinstance(value, float) and not math.isfinite(value) else _plain(value)
