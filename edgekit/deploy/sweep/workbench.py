"""One trial: convert, judge, and read off or run what the objectives weigh.

A workbench is made once in each worker. It keeps what trials share: prepared data, what the float
model answers, and the last conversions, which several targets use.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edgekit import __version__
from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.figures import Figure, Provenance
from edgekit.artifacts.files import scratch_folder
from edgekit.converter.convert import Conversion, Reduced, complete, reduce_model
from edgekit.converter.ir.graph import Graph
from edgekit.converter.load.model import LoadedModel
from edgekit.converter.options import ConvertOptions
from edgekit.converter.prepare import Prepared, prepare_data
from edgekit.converter.quantize.evaluate import Reference
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.bench import bench, verdict
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.convert import contents, write_contents
from edgekit.deploy.sweep.axes import MODEL, TARGET, Point
from edgekit.deploy.sweep.objectives import BEFORE, OBJECTIVES, Figures, require
from edgekit.deploy.sweep.outcome import Outcome
from edgekit.deploy.sweep.space import method, options_of
from edgekit.errors import DoesNotFitError, EdgeKitError
from edgekit.runtime.report.build import make_report
from edgekit.targets.model import Target

KEPT_CONVERSIONS, KEPT_REFERENCES = 8, 2
"""The last ones. A reference can take much memory; pruned networks have one of their own."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What every trial starts from. `needed` are the figures that one must have; `drop` is what
    `--precision auto` may lose; `bench` runs each trial on a virtual board."""

    models: Mapping[str, LoadedModel]
    targets: Mapping[str, Target]
    base: ConvertOptions
    needed: tuple[str, ...]
    drop: float | None = None
    bench: bool = False


@dataclass(slots=True)
class Workbench:
    """Runs trials of one setup, one at a time."""

    setup: Setup
    _data: dict[Any, Prepared] = field(default_factory=dict)
    _references: dict[Any, Reference] = field(default_factory=dict)
    _reduced: dict[Any, Reduced] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, points: Sequence[Point]) -> tuple[Outcome, ...]:
        """The trials, one after the other."""
        with self._lock:
            return tuple(self.trial(point) for point in points)

    def trial(self, point: Point) -> Outcome:
        """One trial; what fails is told in the outcome."""
        start = time.perf_counter()
        try:
            outcome = self._tried(point)
        except EdgeKitError as error:
            outcome = Outcome(error=error.as_dict(), misfit=isinstance(error, DoesNotFitError))
        except Exception as error:
            bug = EdgeKitError(
                "internal error",
                f"{type(error).__name__}: {error}",
                hint="this is a bug in EdgeKit; run this trial alone with --verbose and report it",
                code="internal",
            )
            outcome = Outcome(error=bug.as_dict())
        return replace(outcome, seconds=time.perf_counter() - start)

    def _tried(self, point: Point) -> Outcome:
        target = self.setup.targets[point[TARGET]]
        options = options_of(point, self.setup.base)
        if options.precision == "auto":
            options = replace(options, max_drop=self.setup.drop)
        reduced = self._convert(point, options, target)
        done = complete(reduced, target, options, tool_version=__version__)
        accuracy = done.manifest.accuracy or self._own_accuracy(reduced, options)
        files = contents(done, options, target)
        if self.setup.bench:
            figures = _run(files, target)
        else:
            figures = _planned(done, target)
        figures = {**figures, **_accuracies(accuracy, done, target)}
        require(figures, self.setup.needed, f"target {target.name}")
        return Outcome(figures, accuracy.metric if accuracy else "", files=files)

    def _convert(self, point: Point, options: ConvertOptions, target: Target) -> Reduced:
        """The model in its format: once for all that differ in the generated C alone."""
        key = (method(point), target.name if options.mixes else "")
        if key not in self._reduced:
            loaded = self.setup.models[point[MODEL]]
            data = self._prepared(point[MODEL], loaded, options)
            made = reduce_model(loaded, data, target, options, reference=self._reference)
            _keep(self._reduced, key, made, KEPT_CONVERSIONS)
        return self._reduced[key]

    def _prepared(self, name: str, loaded: LoadedModel, options: ConvertOptions) -> Prepared:
        key = (name, options.data_free, options.calibration_samples)
        if key not in self._data:
            self._data[key] = prepare_data(loaded.graph, loaded, options, _silent)
        return self._data[key]

    def _reference(self, graph: Graph, *data: Any, **options: Any) -> Reference:
        """What a graph gives on the data; the same graph runs once."""
        digest = hashlib.sha256(write_tflite(graph)).hexdigest()
        key = (digest, *sorted(options.items()))
        if key not in self._references:
            made = Reference(graph, *data, **options, keep=True)
            _keep(self._references, key, made, KEPT_REFERENCES)
        return self._references[key]

    def _own_accuracy(self, reduced: Reduced, options: ConvertOptions) -> AccuracySummary | None:
        """That of a model that stays as it is, on the same data as the others."""
        data = reduced.data
        dataset = data.evaluation or data.calibration
        if dataset is None or data.preprocess is None:
            return None
        limit, labelled = options.evaluation_samples, data.evaluation is not None
        whole = Reference(
            reduced.graph, dataset, data.preprocess, limit=limit, require_labels=labelled
        )
        return whole.against(reduced.graph)


def _keep(kept: dict[Any, Any], key: Any, value: Any, most: int) -> None:
    """Add a value, and let go of the oldest where there are too many."""
    if len(kept) >= most:
        del kept[next(iter(kept))]
    kept[key] = value


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _planned(done: Conversion, target: Target) -> Figures:
    """What is known before anything is built; code sizes are allowances."""
    figures = _picked(make_report(done.manifest, target).figures)
    fit = done.code.fit
    if fit is None or target.family != "cortex-m":
        return figures
    basis = "constants of the generated C, and an allowance for code"
    flash = Figure(fit.flash_needed, "B", Provenance.ESTIMATED, basis)
    basis = f"arena, {target.stack_bytes:,} B of stack, and an allowance for variables"
    return {
        **figures,
        "flash": flash,
        "ram": Figure(fit.ram_needed, "B", Provenance.ESTIMATED, basis),
    }


def _run(files: Mapping[str, bytes], target: Target) -> Figures:
    """What the firmware takes on a virtual board. Raises MismatchError, ToolError."""
    with scratch_folder("edgekit-sweep-") as folder:
        write_contents(folder, files)
        report = bench(folder, target=target, options=BenchOptions(quick=True, samples=1))
    wrong = verdict(report)
    if wrong is not None:
        raise wrong
    return _picked(report.figures)


def _picked(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    found = {
        row.name: next((figures[name] for name in row.figures if name in figures), None)
        for row in OBJECTIVES.values()
    }
    return {name: figure for name, figure in found.items() if figure is not None}


def _accuracies(
    summary: AccuracySummary | None, done: Conversion, target: Target
) -> dict[str, Figure]:
    """Both accuracies as a report tells them."""
    if summary is None:
        return {}
    told = make_report(replace(done.manifest, accuracy=summary), target).figures
    return {name: told[name] for name in ("accuracy", BEFORE)}
