"""The stages of a conversion, in order. Read this file first.

    load       a model source            -> a verified float (or int8) graph
    compress   named passes              -> a smaller float graph
    prune      if asked                  -> one with zeros, or with fewer channels
    quantize   calibration data          -> an int8 graph (float32: left as it is)
               and a few samples more    -> its weights rounded better, or its biases corrected
               or a format for each layer (formats.py)
               if asked                  -> its weights clustered, and biases corrected
    judge      float against int8        -> accuracy, the gate
    write      the graph                 -> model.tflite
    generate   lower, plan, emit         -> C for targets that run C
    describe   everything                -> the manifest

A stage is a function from frozen values to frozen values; the graph is verified between stages.
Nothing is written here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import PrecisionSummary
from edgekit.artifacts.pruning import PruneSummary
from edgekit.converter.binary.notes import binary_notes
from edgekit.converter.binary.portable import portable
from edgekit.converter.compress.passes import PASSES
from edgekit.converter.describe import class_names, describe
from edgekit.converter.formats import choose_formats
from edgekit.converter.generate import Code, generate
from edgekit.converter.interpret.program import fold_constants
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.text import graph_text
from edgekit.converter.ir.verify import verify
from edgekit.converter.judge import Judgement, judge
from edgekit.converter.load import ZooOptions, load_model
from edgekit.converter.load.model import LoadedModel
from edgekit.converter.options import ConvertOptions
from edgekit.converter.precision import check_trees, kept_as_is, runtime_notes, widths_of
from edgekit.converter.prepare import Prepared, prepare_data
from edgekit.converter.prune.prune import Pruned, prune
from edgekit.converter.prune.spec import parse_prune
from edgekit.converter.quantize.cluster import cluster_weights
from edgekit.converter.quantize.correct import LEAST_GAIN_DB, SAMPLES, correct_biases
from edgekit.converter.quantize.datafree import Equalized, equalized, quantize_without_data
from edgekit.converter.quantize.dynamic import dynamic_weights
from edgekit.converter.quantize.evaluate import Reference
from edgekit.converter.quantize.groups import Ranges
from edgekit.converter.quantize.halves import half_weights
from edgekit.converter.quantize.int8 import QuantizeResult, is_quantized, quantize_int8
from edgekit.converter.quantize.observers import narrowed
from edgekit.converter.quantize.recorded import recorded_notes, recorded_ranges
from edgekit.converter.quantize.rounding import round_adaptively, samples_for
from edgekit.converter.quantize.scheme import SCHEMES, Scheme
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import UsageError
from edgekit.targets.model import Target

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


def _silent(stage: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion yields, before anything is written.

    `model` is model.tflite; `code.source.kernels` names the C kernels whose sources the caller
    adds; `timings` are seconds by step.
    """

    manifest: Manifest
    graph: Graph
    model: bytes
    code: Code
    timings: Mapping[str, float]


@dataclass(slots=True)
class _Log:
    """Seconds by stage, and the dump of the graph after each pass."""

    dump: Path | None
    seconds: dict[str, float] = field(default_factory=dict)
    dumped: int = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def graph(self, name: str, graph: Graph) -> None:
        """Write the graph as text when a dump was asked for."""
        if self.dump is None:
            return
        from edgekit.artifacts.files import write_file

        write_file(self.dump / f"{self.dumped:02d}-{name}.txt", graph_text(graph))
        self.dumped += 1


@dataclass(frozen=True, slots=True)
class Reduced:
    """A model in its number format, judged and written, before there is C for a target.

    `formats` is how every layer got its format, where layers differ; `stored` is the graph that
    `model` holds, `timings` are seconds by step.
    """

    loaded: LoadedModel
    data: Prepared
    graph: Graph
    verdict: Judgement
    formats: PrecisionSummary | None
    stored: Graph
    model: bytes
    notes: tuple[Note, ...]
    timings: Mapping[str, float]
    pruning: PruneSummary | None = None


def convert_model(
    source: str | Path,
    target: Target,
    options: ConvertOptions,
    *,
    tool_version: str,
    others: Iterable[Target] = (),
    progress: Progress | None = None,
) -> Conversion:
    """Run all stages. `others` are targets to suggest when the model does not fit this one.

    Raises EdgeKitError of every kind the stages document: ModelError, DataError, AccuracyError,
    DoesNotFitError, MissingExtraError, UsageError.
    """
    report = progress or _silent
    loaded = load_source(source, options)
    data = prepare_data(loaded.graph, loaded, options, report)
    reduced = reduce_model(loaded, data, target, options, progress=report)
    return complete(reduced, target, options, tool_version=tool_version, others=others)


def reduce_model(
    loaded: LoadedModel,
    data: Prepared,
    target: Target,
    options: ConvertOptions,
    *,
    progress: Progress = _silent,
    reference: Callable[..., Reference] = Reference,
) -> Reduced:
    """The stages up to model.tflite. Only formats chosen by layer depend on the target.

    `reference` makes what the result is compared with; one that keeps it serves several.
    """
    log = _Log(options.dump)
    log.graph("load", loaded.graph)
    check_trees(loaded.graph, options)
    small = _compress(loaded.graph, log)
    pruned = _prune(small, data, options, log)
    given, small = (None, small) if pruned is None else (small, pruned.graph)
    free = _equalize(small, loaded, options, log)
    small = small if free is None else free.graph
    graph, notes, formats = _quantize(small, target, data, options, log, progress, free)
    with log.stage("judge"):
        verdict = judge(
            small, graph, data, options, progress, formats, given=given, reference=reference
        )
    with log.stage("write"):
        stored = portable(graph) if options.binary_format == "portable" else graph
        model = write_tflite(stored)
    return Reduced(
        loaded,
        data,
        graph,
        verdict,
        formats,
        stored,
        model,
        notes=(
            *loaded_notes(loaded),
            *data.notes,
            *(() if pruned is None else pruned.notes),
            *binary_notes(small, options.binary_format),
            *notes,
            *runtime_notes(graph),
            *verdict.notes,
        ),
        timings={**loaded.timings, **log.seconds},
        pruning=None if pruned is None else pruned.summary,
    )


def complete(
    reduced: Reduced,
    target: Target,
    options: ConvertOptions,
    *,
    tool_version: str,
    others: Iterable[Target] = (),
) -> Conversion:
    """C for the target, and the manifest of it all. Raises UnsupportedError, DoesNotFitError."""
    log = _Log(None)
    loaded, graph, data = reduced.loaded, reduced.graph, reduced.data
    with log.stage("generate"):
        code = generate(
            graph,
            target,
            options,
            reduced.model,
            labels=class_names(loaded, graph, data),
            tool_version=tool_version,
            others=others,
            stored=reduced.stored,
        )
    manifest = describe(
        loaded,
        graph,
        target,
        options,
        data=data,
        model=reduced.model,
        code=code,
        verdict=reduced.verdict,
        formats=reduced.formats,
        pruning=reduced.pruning,
        notes=(*reduced.notes, *code.notes),
        tool_version=tool_version,
    )
    return Conversion(manifest, graph, reduced.model, code, {**reduced.timings, **log.seconds})


def loaded_notes(loaded: LoadedModel) -> tuple[Note, ...]:
    """What the loader changed, and what it warns of, as notes."""
    changed = (Note("loaded", loaded.source, text, level="info") for text in loaded.notes)
    return (*changed, *loaded.cautions)


def load_source(source: str | Path, options: ConvertOptions) -> LoadedModel:
    """The model as the options want it read. Raises as `load_model`."""
    zoo = ZooOptions(alpha=options.alpha, classes=options.classes, weights=options.weights)
    size = None if options.input_size is None else (options.input_size,) * 2
    return load_model(
        source,
        name=options.name,
        input_size=size,
        zoo=None if zoo == ZooOptions() else zoo,
        requantize=options.requantize,
    )


def _compress(graph: Graph, log: _Log) -> Graph:
    """Every pass in order; the graph is verified after each."""
    with log.stage("compress"):
        for name, apply in PASSES:
            graph = apply(graph)
            verify(graph)
            log.graph(name, graph)
    return graph


def _prune(graph: Graph, data: Prepared, options: ConvertOptions, log: _Log) -> Pruned | None:
    """The float graph pruned as asked; by what calibration data say where there are any."""
    if options.prune is None:
        return None
    by_data = options.prune_by != "magnitude" and (
        data.calibration is not None or options.prune_by == "data"
    )
    if by_data:
        data.require_calibration()
    with log.stage("prune"):
        samples = data.some(graph, samples_for(graph)) if by_data else None
        pruned = prune(graph, parse_prune(options.prune), samples)
    verify(pruned.graph)
    log.graph("prune", pruned.graph)
    return pruned


def _equalize(
    graph: Graph, loaded: LoadedModel, options: ConvertOptions, log: _Log
) -> Equalized | None:
    """What quantizing without data starts from; None where data are given or none are needed."""
    if not options.data_free or is_quantized(graph) or options.keeps_floats:
        return None
    if recorded_ranges(graph):
        return None
    with log.stage("equalize"):
        free = equalized(graph, loaded.norms)
    verify(free.graph)
    log.graph("equalize", free.graph)
    return free


def _quantize(
    graph: Graph,
    target: Target,
    data: Prepared,
    options: ConvertOptions,
    log: _Log,
    report: Progress,
    free: Equalized | None = None,
) -> tuple[Graph, tuple[Note, ...], PrecisionSummary | None]:
    """The integer graph; one that is quantized already, or is to stay float, comes back itself.
    Where layers may differ in format, also how each got its own."""
    kept = kept_as_is(graph, options.precision)
    if kept is not None:
        clustered, notes = _clustered(graph, options, log)
        return clustered, (*kept, *notes), None
    if options.precision in _STORED:
        with log.stage("quantize"):
            smaller, notes = _STORED[options.precision](graph)
        verify(fold_constants(smaller))
        log.graph(options.precision, smaller)
        return smaller, notes, None
    if options.mixes:
        with log.stage("choose formats"):
            chosen = choose_formats(graph, target, data, options, report)
        log.graph("choose-formats", chosen.graph)
        plain = QuantizeResult(chosen.graph, {}, chosen.notes)
        done = _finished(chosen.exact, plain, data, options, log, unbiased=True)
        return *done, chosen.summary
    recorded = bool(recorded_ranges(graph))
    with log.stage("quantize"):
        scheme = SCHEMES[options.precision]
        if free is not None:
            biases = options.bias_correction
            result = quantize_without_data(free, data.pixels, biases=biases, scheme=scheme)
        else:
            batches = data.calibration_batches(graph, report)
            narrow = _narrowing(graph, data, options, scheme)
            result = quantize_int8(graph, batches, scheme=scheme, narrow=narrow)
    verify(result.graph)
    log.graph("quantize", result.graph)
    if result.graph is graph:
        clustered, notes = _clustered(graph, options, log)
        return clustered, (*result.notes, *notes), None
    if recorded:
        told = recorded_notes(graph, options.precision)
        result = replace(result, notes=(*result.notes, *told))
    return *_finished(graph, result, data, options, log, unbiased=recorded), None


_STORED = {"float16": half_weights, "dynamic": dynamic_weights}
"""What makes the weights of a float graph smaller, without calibration data."""


def _narrowing(
    graph: Graph, data: Prepared, options: ConvertOptions, scheme: Scheme
) -> Callable[[Graph, Ranges], Ranges] | None:
    """What makes other ranges of those that were seen; None where these stay. Raises UsageError
    for a model that brings its own."""
    if options.ranges == "minmax":
        return None
    if recorded_ranges(graph):
        raise UsageError(
            "--ranges",
            f"{options.ranges} narrows what was seen on data, and {graph.name} has the ranges of"
            " its quantization-aware training",
            allowed="minmax, which keeps them",
            hint="leave --ranges out",
            code="ranges-recorded",
        )
    return lambda graph, seen: narrowed(
        graph, seen, data.again(graph), options.ranges, scheme.activation
    )


def _finished(
    graph: Graph,
    result: QuantizeResult,
    data: Prepared,
    options: ConvertOptions,
    log: _Log,
    *,
    unbiased: bool = False,
) -> tuple[Graph, tuple[Note, ...]]:
    """The integer graph with its weights rounded and clustered as asked, and its biases corrected
    after that, unless they are `unbiased` already. GPTQ rounds to the palettes themselves."""
    if options.rounding == "gptq" and options.cluster_per == "tensor":
        clustered, told = _clustered(result.graph, options, log)
        few = replace(result, graph=clustered, notes=(*result.notes, *told))
        return _round(graph, few, data, options, log, clustered=clustered is not result.graph)
    rounded, notes = result.graph, result.notes
    if options.rounding != "nearest":
        rounded, notes = _round(graph, result, data, options, log)
    clustered, told = _clustered(rounded, options, log)
    notes = (*notes, *told)
    done = clustered is rounded and (unbiased or options.rounding != "nearest")
    if done or options.data_free or not options.bias_correction or not widths_of(clustered):
        return clustered, notes
    with log.stage("correct biases"):
        least = LEAST_GAIN_DB if clustered is rounded else 0.0
        corrected, note = correct_biases(graph, clustered, data.some(graph, SAMPLES), least)
    verify(corrected)
    log.graph("correct-biases", corrected)
    return corrected, (*notes, note)


def _round(
    graph: Graph,
    result: QuantizeResult,
    data: Prepared,
    options: ConvertOptions,
    log: _Log,
    *,
    clustered: bool = False,
) -> tuple[Graph, tuple[Note, ...]]:
    """The integer graph with its weights rounded adaptively, mean errors taken off the biases."""
    with log.stage("round"):
        rounded, note = round_adaptively(
            graph,
            result.graph,
            data.some(graph, samples_for(graph)),
            options.rounding,
            biases=options.bias_correction,
            clustered=clustered,
        )
    verify(rounded)
    log.graph("round", rounded)
    return rounded, (*result.notes, note)


def _clustered(graph: Graph, options: ConvertOptions, log: _Log) -> tuple[Graph, tuple[Note, ...]]:
    """The int8 graph with few different weights, if that was asked for."""
    if options.cluster is None:
        return graph, ()
    with log.stage("cluster"):
        found = cluster_weights(graph, options.cluster, options.cluster_per)
    verify(found.graph)
    log.graph("cluster", found.graph)
    return found.graph, (found.note(options.cluster, options.cluster_per),)
