"""Make a network smaller, graph to graph: convert's stages up to model.tflite, and their price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.figures import Note
from edgekit.artifacts.files import check_writable, write_file
from edgekit.artifacts.precision import PrecisionSummary
from edgekit.artifacts.pruning import PruneSummary
from edgekit.converter.coding.entropy import baselines
from edgekit.converter.convert import Reduced, load_source, reduce_model
from edgekit.converter.ir.graph import Graph
from edgekit.converter.options import OPTIONS_OF_TARGETS, ConvertOptions
from edgekit.converter.precision import precision_of, widths_of
from edgekit.converter.prepare import prepare_data
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.pruned import pruning_rows
from edgekit.deploy.summary import METRICS
from edgekit.errors import UsageError
from edgekit.targets.reader import load_target
from edgekit.units import count_text, percent

Progress = Callable[[str, int, int], None]
SUFFIX = ".tflite"
COLUMNS = ("", "format", ">bytes", ">gzip", ">xz", ">accuracy")


@dataclass(frozen=True, slots=True)
class Size:
    """A .tflite file: widths of its numbers, its bytes, and those that gzip and xz make of it."""

    format: str
    bytes: int
    gzip: int
    xz: int


@dataclass(frozen=True, slots=True)
class Compressed:
    """A written .tflite with its price. `before` is the model as it came, written as .tflite as
    well; `accuracy` None where nothing could be compared; `timings` are seconds by step."""

    model: Path
    source: str
    before: Size
    after: Size
    accuracy: AccuracySummary | None
    formats: PrecisionSummary | None
    pruning: PruneSummary | None
    notes: tuple[Note, ...]
    timings: Mapping[str, float]

    def record(self) -> dict[str, Any]:
        """Everything, as plain values."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = ("before", "after", "accuracy", "formats", "pruning")
        made = {name: None if values[name] is None else asdict(values[name]) for name in plain}
        notes = [asdict(note) for note in self.notes]
        return {**values, **made, "model": str(self.model), "notes": notes}


def compress(
    source: str | Path,
    *,
    output: str | Path,
    options: ConvertOptions | None = None,
    progress: Progress | None = None,
) -> Compressed:
    """Prune, cluster, equalize and quantize a model as the options say, and write the .tflite.

    `source` is whatever `convert` takes; what a target or its C would decide is left out, and
    formats that are chosen by layer make the weights small. The file appears whole or not at all.

    Raises UsageError, ModelError, DataError, MissingExtraError, OutputError; AccuracyError as a
    verdict.
    """
    chosen = options or ConvertOptions()
    path = _checked(Path(output), source)
    _check_options(chosen)
    chosen = replace(chosen, prefer="flash")
    report = progress or (lambda stage, done, total: None)
    loaded = load_source(source, chosen)
    data = prepare_data(loaded.graph, loaded, chosen, report)
    reduced = reduce_model(loaded, data, load_target("host"), chosen, progress=report)
    write_file(path, reduced.model)
    return _compressed(path, reduced)


def _compressed(path: Path, reduced: Reduced) -> Compressed:
    loaded = reduced.loaded
    return Compressed(
        model=path,
        source=loaded.source,
        before=_size(_format(loaded.graph), write_tflite(loaded.graph)),
        after=_size(_format(reduced.graph), reduced.model),
        accuracy=reduced.verdict.accuracy,
        formats=reduced.formats,
        pruning=reduced.pruning,
        notes=reduced.notes,
        timings=reduced.timings,
    )


def _format(graph: Graph) -> str:
    return widths_of(graph) or precision_of(graph)


def _size(form: str, model: bytes) -> Size:
    packed = baselines(model)
    return Size(form, len(model), packed["gzip"], packed["xz"])


def _checked(path: Path, source: str | Path) -> Path:
    """Raise UsageError for an output that is no .tflite file, or the model itself."""
    if path.suffix != SUFFIX or path.is_dir():
        raise UsageError(
            "-o",
            f"{str(path)!r} is no .tflite file",
            allowed="a file that ends in .tflite",
            hint="for a bundle with C use `edgekit convert --target`",
            code="bad-option",
        )
    if Path(source).exists() and path.resolve() == Path(source).resolve():
        raise UsageError(
            "-o",
            f"{str(path)!r} is the model itself, and would be lost",
            hint="give the smaller one another name",
            code="bad-option",
        )
    check_writable(path.parent)
    return path


def _check_options(options: ConvertOptions) -> None:
    """Raise UsageError for options that decide about C."""
    usual = ConvertOptions()
    for name in OPTIONS_OF_TARGETS:
        if getattr(options, name) != getattr(usual, name):
            raise UsageError(
                name,
                "is about a target or its C, and compress writes neither",
                hint="leave it out, or use `edgekit convert --target`",
                code="compress-without-c",
            )


def compressed_rows(result: Compressed) -> list[tuple[str, str]]:
    """(what, value) pairs beside the table of prices."""
    rows = [("model", result.source)]
    accuracy = result.accuracy
    if accuracy is not None:
        rows.append(("judged on", accuracy.data))
        if accuracy.sqnr_db is not None:
            rows.append(("output SQNR", f"{accuracy.sqnr_db:.1f} dB"))
    return rows + ([] if result.pruning is None else pruning_rows(result.pruning))


def price_rows(result: Compressed) -> list[tuple[str, ...]]:
    """A row of COLUMNS for the model before and after, and one for what is left."""
    before, after, accuracy = result.before, result.after, result.accuracy
    was = "" if accuracy is None else f"{METRICS[accuracy.metric]} {percent(accuracy.before)}"
    now = "" if accuracy is None else f"{METRICS[accuracy.metric]} {percent(accuracy.after)}"
    sizes = [(size.bytes, size.gzip, size.xz) for size in (before, after)]
    left = [percent(now / was) for was, now in zip(*sizes, strict=True)]
    gone = "" if accuracy is None else f"{100 * (accuracy.after - accuracy.before):+.2f} points"
    return [
        ("before", before.format, *map(count_text, sizes[0]), was),
        ("after", after.format, *map(count_text, sizes[1]), now),
        ("left", "", *left, gone),
    ]
