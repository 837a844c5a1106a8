"""The data of a conversion: opened, the preprocessing decided, looked over by the linter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.figures import Note
from edgekit.converter.data.batches import graph_batches
from edgekit.converter.data.candidates import CANDIDATES, Candidate, Confidence
from edgekit.converter.data.dataset import Dataset, Kind, subset
from edgekit.converter.data.guess import choose_preprocess, describe, guessed
from edgekit.converter.data.lint import lint_calibration
from edgekit.converter.data.open import open_dataset
from edgekit.converter.data.several import input_specs
from edgekit.converter.ir.graph import Graph
from edgekit.converter.load.model import LoadedModel
from edgekit.converter.options import ConvertOptions
from edgekit.converter.quantize.datafree import fitting_candidate
from edgekit.converter.quantize.execute import Batch, joined
from edgekit.converter.quantize.int8 import is_quantized
from edgekit.converter.quantize.recorded import recorded_ranges
from edgekit.errors import DataError

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Calibration and evaluation data with one preprocessing for both."""

    calibration: Dataset | None
    evaluation: Dataset | None
    preprocess: Preprocess | None
    notes: tuple[Note, ...] = ()
    pixels: Preprocess | None = None
    """Without calibration data: how pixels of 0..255 become the input, where that is known."""

    def calibration_batches(self, graph: Graph, report: Progress) -> Iterator[Batch]:
        """Float32 batches for the ranges. Raises DataError at the first one without data: a
        graph that is int8 already never asks."""
        self.require_calibration()
        assert self.calibration is not None
        assert self.preprocess is not None
        yield from graph_batches(
            self.calibration,
            self.preprocess,
            graph,
            progress=lambda done, total: report("calibrate", done, total),
        )

    def require_calibration(self) -> None:
        """Raise DataError without calibration data."""
        if self.calibration is None or self.preprocess is None:
            raise DataError(
                "calibration",
                "no representative data given, and int8 ranges need it",
                allowed="a folder of images, .npz, .npy, .csv",
                hint="add --calibration DATA: some hundred typical inputs, without labels (or none:"
                " ranges from the statistics of the model's batch normalizations)",
                code="no-calibration",
            )

    def again(self, graph: Graph) -> Iterator[Batch]:
        """The calibration batches once more."""
        return self.calibration_batches(graph, lambda stage, done, total: None)

    def some(self, graph: Graph, count: int) -> Batch:
        """Up to `count` calibration samples in one batch, drawn evenly."""
        self.require_calibration()
        assert self.calibration is not None
        assert self.preprocess is not None
        few = subset(self.calibration, count, 0)
        return joined(list(graph_batches(few, self.preprocess, graph)))


def prepare_data(
    graph: Graph, loaded: LoadedModel, options: ConvertOptions, report: Progress
) -> Prepared:
    """Open what the options name, decide the preprocessing, lint the calibration data.

    A graph that is int8 already needs no calibration: data given for it only serve to look at
    the result. Raises DataError.
    """
    asked = None if options.data_free else options.calibration
    calibration = _open(asked, options.calibration_samples, graph)
    evaluation = _open(options.evaluation, options.evaluation_samples, graph, evaluation=True)
    given = calibration or evaluation
    mean, scale, notes = _architecture(loaded, options)
    guess = choose_preprocess(
        graph, given, resize=options.resize, color=options.color, mean=mean, scale=scale
    )
    free = options.data_free and not is_quantized(graph) and not recorded_ranges(graph)
    fitting = fitting_candidate(graph, loaded.norms) if free else None
    if (
        fitting is not None
        and given is None
        and not notes
        and guess.confidence is Confidence.UNSURE
    ):
        guess = guessed(guess, fitting, "the first normalization's means fit", Confidence.LIKELY)
    if not notes and (given is not None or free):
        notes = (guess.note,)
    preprocess = guess.preprocess
    if mean is not None and options.mean is None:
        preprocess = replace(preprocess, source=f"guessed: made for {loaded.architecture}")
    if calibration is not None and not is_quantized(graph):
        notes += calibration.notes
        notes += lint_calibration(
            graph, calibration, preprocess, progress=lambda d, n: report("check data", d, n)
        )
    pixels = _pixels(preprocess, evaluation, fitting, options) if free else None
    return Prepared(calibration, evaluation, preprocess, notes, pixels)


def _pixels(
    preprocess: Preprocess,
    evaluation: Dataset | None,
    fitting: Candidate | None,
    options: ConvertOptions,
) -> Preprocess | None:
    """How pixels become the input. Arrays, taken as they are, do not tell: then it is what fits
    the first normalization, else not known."""
    told = options.mean is not None or options.scale is not None
    if told or evaluation is None or evaluation.kind is not Kind.ARRAYS:
        return preprocess
    if fitting is None:
        return None
    return replace(preprocess, mean=fitting.mean, scale=fitting.scale)


def _open(spec: object, limit: int, graph: Graph, *, evaluation: bool = False) -> Dataset | None:
    if spec is None:
        return None
    inputs = input_specs(graph)
    return open_dataset(spec, limit=limit, inputs=inputs, evaluation=evaluation)


def _architecture(
    loaded: LoadedModel, options: ConvertOptions
) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None, tuple[Note, ...]]:
    """Mean and scale from the flags, else from the zoo model's known input range."""
    if options.mean is not None or options.scale is not None or not loaded.architecture:
        return options.mean, options.scale, ()
    for candidate in CANDIDATES:
        if (candidate.low, candidate.high) == loaded.input_range:
            text = describe(Preprocess(mean=candidate.mean, scale=candidate.scale))
            said = f"{text}: the range {loaded.architecture} is made for"
            note = Note("preprocess", "input", said, level="info")
            return candidate.mean, candidate.scale, (note,)
    return None, None, ()
