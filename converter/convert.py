"""The stages of a conversion, in order. Read this file first.

    load       a model source            -> a verified float (or int8) graph
    compress   named passes              -> a smaller float graph
    prune      if asked                  -> one with zeros, or with fewer channels
    quantize   calibration data          -> a graph in its number format (quantize_stage.py)
    judge      float against int8        -> accuracy, the gate
    stream     if asked                  -> one that takes new time steps alone (stream/)
    write      the graph                 -> model.tflite
    generate   lower, plan, emit         -> C for targets that run C
    describe   everything                -> the manifest

A stage is a function from frozen values to frozen values; the graph is verified between stages.
Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import PrecisionSummary
from edgekit.artifacts.pruning import PruneSummary
from edgekit.artifacts.streaming import StreamSummary
from edgekit.converter.binary.notes import binary_notes
from edgekit.converter.binary.portable import portable
from edgekit.converter.compress.passes import PASSES
from edgekit.converter.describe import class_names, describe
from edgekit.converter.generate import Code, generate
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.judge import Judgement, judge
from edgekit.converter.load import ZooOptions, load_model
from edgekit.converter.load.model import LoadedModel
from edgekit.converter.options import ConvertOptions
from edgekit.converter.precision import check_trees, runtime_notes
from edgekit.converter.prepare import Prepared, prepare_data
from edgekit.converter.prune.prune import Pruned, prune
from edgekit.converter.prune.spec import parse_prune
from edgekit.converter.quantize.datafree import Equalized, equalized
from edgekit.converter.quantize.evaluate import Reference
from edgekit.converter.quantize.int8 import is_quantized
from edgekit.converter.quantize.recorded import recorded_ranges
from edgekit.converter.quantize.rounding import samples_for
from edgekit.converter.quantize_stage import quantize
from edgekit.converter.stage_log import Progress, StageLog
from edgekit.converter.stream.stream import Streamed, stream
from edgekit.converter.stream.summary import on_target, stream_notes, summarized
from edgekit.converter.tflite.writer import write_tflite
from edgekit.targets.model import Target


def _silent(stage: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion yields, before anything is written.

    `model` is model.tflite; `code.source.kernels` names the C kernels whose sources the caller
    adds; `timings` are seconds by step; `window` is the .tflite of the whole window, of a model
    that takes new time steps alone.
    """

    manifest: Manifest
    graph: Graph
    model: bytes
    code: Code
    timings: Mapping[str, float]
    window: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reduced:
    """A model in its number format, judged and written, before there is C for a target.

    `formats` is how every layer got its format, where layers differ; `stored` is the graph that
    `model` holds, `timings` are seconds by step; of a `streamed` model, they take new time steps
    alone, and the verdict is about the window network.
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
    streamed: Streamed | None = None


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
    log = StageLog(options.dump)
    log.graph("load", loaded.graph)
    check_trees(loaded.graph, options)
    small = _compress(loaded.graph, log)
    pruned = _prune(small, data, options, log)
    given, small = (None, small) if pruned is None else (small, pruned.graph)
    free = _equalize(small, loaded, options, log)
    small = small if free is None else free.graph
    graph, notes, formats = quantize(small, target, data, options, log, progress, free)
    with log.stage("judge"):
        verdict = judge(
            small, graph, data, options, progress, formats, given=given, reference=reference
        )
    streamed = _stream(graph, options, log)
    graph = graph if streamed is None else streamed.graph
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
        streamed=streamed,
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
    log = StageLog(None)
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
    streaming = _streaming(reduced, code, target)
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
        streaming=streaming,
        notes=(*reduced.notes, *code.notes, *stream_notes(streaming, graph.name)),
        tool_version=tool_version,
    )
    window = None if reduced.streamed is None else write_tflite(reduced.streamed.window)
    seconds = {**reduced.timings, **log.seconds}
    return Conversion(manifest, graph, reduced.model, code, seconds, window)


def _streaming(reduced: Reduced, code: Code, target: Target) -> StreamSummary | None:
    """What streaming saves and costs; None where nothing streams."""
    if reduced.streamed is None:
        return None
    return on_target(summarized(reduced.streamed), reduced.streamed, code, target)


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


def _compress(graph: Graph, log: StageLog) -> Graph:
    """Every pass in order; the graph is verified after each."""
    with log.stage("compress"):
        for name, apply in PASSES:
            graph = apply(graph)
            verify(graph)
            log.graph(name, graph)
    return graph


def _prune(graph: Graph, data: Prepared, options: ConvertOptions, log: StageLog) -> Pruned | None:
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


def _stream(graph: Graph, options: ConvertOptions, log: StageLog) -> Streamed | None:
    """The graph for new time steps alone, as asked."""
    if options.stream is None:
        return None
    with log.stage("stream"):
        streamed = stream(graph, options.stream or None, options.stream_axis)
    log.graph("stream", streamed.graph)
    return streamed


def _equalize(
    graph: Graph, loaded: LoadedModel, options: ConvertOptions, log: StageLog
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
