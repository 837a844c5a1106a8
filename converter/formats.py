"""The stage that gives layers formats other than int8."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.converter.ir.graph import Graph
from edgekit.converter.judge import check_limits
from edgekit.converter.mixed.build import Builder
from edgekit.converter.mixed.choose import SEARCH_SAMPLES, Chosen, Wishes, choose
from edgekit.converter.mixed.trained import compare_trained, has_binarized
from edgekit.converter.options import ConvertOptions
from edgekit.converter.prepare import Prepared
from edgekit.converter.quantize.correct import SAMPLES
from edgekit.converter.quantize.evaluate import Reference
from edgekit.converter.quantize.gate import Limits
from edgekit.converter.quantize.int8 import is_quantized
from edgekit.errors import UsageError
from edgekit.targets.model import Target

Progress = Callable[[str, int, int], None]


def choose_formats(
    graph: Graph, target: Target, data: Prepared, options: ConvertOptions, report: Progress
) -> Chosen:
    """The integer graph of a float one with a format for every layer, as the options ask.

    Mixes are compared on the evaluation data, else the calibration data. Raises UsageError for a
    model that came quantized or a limit that says nothing about the data, DataError without
    calibration data, AccuracyError when no mix holds the accuracy.
    """
    trained = options.precision == "binary" and has_binarized(graph)
    if trained and is_quantized(graph):
        return _trained(graph, graph, target, None, options)
    if is_quantized(graph):
        asked = "--layer-precision" if options.layer_precision else "--precision"
        raise UsageError(
            f"{asked} {options.precision}" if asked == "--precision" else asked,
            f"{graph.name} came quantized, its layers have their formats",
            hint="give the float model, or add --requantize to quantize it anew",
            code="precision-quantized",
        )
    data.require_calibration()
    bias = SAMPLES if options.bias_correction and options.rounding == "nearest" else 0
    builder = Builder(
        graph,
        lambda: data.again(graph),
        lambda count: data.some(graph, count),
        bias_samples=bias,
    )
    if trained:
        return _trained(graph, builder.built({}).graph, target, data, options)
    wishes = Wishes(
        options.precision,
        options.layer_choices,
        options.prefer,
        Limits(max_drop=options.max_drop, min_agreement=options.min_agreement),
        options.gate,
    )
    return choose(
        graph,
        target,
        builder,
        lambda most: _reference(graph, data, options, most),
        wishes,
        check=lambda summary: check_limits(summary, options),
        progress=lambda done, most: report("compare formats", done, most),
    )


def _trained(
    graph: Graph,
    quantized: Graph,
    target: Target,
    data: Prepared | None,
    options: ConvertOptions,
) -> Chosen:
    """A model that came with binarized layers keeps them; each is priced beside its int8 form."""
    limits = Limits(max_drop=options.max_drop, min_agreement=options.min_agreement)
    compare = None
    if data is not None:
        reference = _reference(graph, data, options, SEARCH_SAMPLES)
        compare = reference.against
    summary, notes = compare_trained(quantized, target, compare, options.prefer, limits)
    return Chosen(quantized, graph, notes, summary)


def _reference(
    graph: Graph, data: Prepared, options: ConvertOptions, most: int | None
) -> Reference:
    """The comparison on the data that the result is judged on."""
    dataset = data.evaluation or data.calibration
    assert dataset is not None
    assert data.preprocess is not None
    limit = options.evaluation_samples
    return Reference(
        graph,
        dataset,
        data.preprocess,
        limit=limit if most is None else min(limit, most),
        require_labels=data.evaluation is not None,
        calibrated_on=data.calibration.description if data.calibration else "",
        keep=True,
    )
