"""The stage `quantize` of a conversion: a float graph to the number format that was asked for.

    kept       quantized already, or to stay float
    stored     only weights get smaller: float16, dynamic range
    mixed      a format for each layer (formats.py)
    scheme     int8, int4, int16, w4a16: calibration data, or what the model knows without
then       weights rounded better or clustered, mean errors taken off the biases
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import PrecisionSummary
from edgekit.converter.formats import choose_formats
from edgekit.converter.interpret.program import fold_constants
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.options import ConvertOptions
from edgekit.converter.precision import kept_as_is, widths_of
from edgekit.converter.prepare import Prepared
from edgekit.converter.quantize.cluster import cluster_weights
from edgekit.converter.quantize.correct import LEAST_GAIN_DB, SAMPLES, correct_biases
from edgekit.converter.quantize.datafree import Equalized, quantize_without_data
from edgekit.converter.quantize.dynamic import dynamic_weights
from edgekit.converter.quantize.groups import Ranges
from edgekit.converter.quantize.halves import half_weights
from edgekit.converter.quantize.int8 import QuantizeResult, quantize_int8
from edgekit.converter.quantize.observers import narrowed
from edgekit.converter.quantize.recorded import recorded_notes, recorded_ranges
from edgekit.converter.quantize.rounding import round_adaptively, samples_for
from edgekit.converter.quantize.scheme import SCHEMES, Scheme
from edgekit.converter.stage_log import Progress, StageLog
from edgekit.errors import UsageError
from edgekit.targets.model import Target


def quantize(
    graph: Graph,
    target: Target,
    data: Prepared,
    options: ConvertOptions,
    log: StageLog,
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
            code="ranges-trained",
        )
    return lambda graph, seen: narrowed(
        graph, seen, data.again(graph), options.ranges, scheme.activation
    )


def _finished(
    graph: Graph,
    result: QuantizeResult,
    data: Prepared,
    options: ConvertOptions,
    log: StageLog,
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
    log: StageLog,
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


def _clustered(
    graph: Graph, options: ConvertOptions, log: StageLog
) -> tuple[Graph, tuple[Note, ...]]:
    """The int8 graph with few different weights, if that was asked for."""
    if options.cluster is None:
        return graph, ()
    with log.stage("cluster"):
        found = cluster_weights(graph, options.cluster, options.cluster_per)
    verify(found.graph)
    log.graph("cluster", found.graph)
    return found.graph, (found.note(options.cluster, options.cluster_per),)
