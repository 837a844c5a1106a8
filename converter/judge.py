"""What the conversion cost: accuracy before and after, noise per layer, the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import PrecisionSummary
from edgekit.converter.data.batches import graph_batches
from edgekit.converter.data.dataset import subset
from edgekit.converter.ir.graph import Graph
from edgekit.converter.options import ConvertOptions
from edgekit.converter.prepare import Prepared
from edgekit.converter.quantize.evaluate import Reference, compare
from edgekit.converter.quantize.execute import joined
from edgekit.converter.quantize.gate import Limits, check_accuracy
from edgekit.converter.quantize.int8 import is_quantized, quantize_int8
from edgekit.converter.quantize.scheme import SCHEMES
from edgekit.converter.quantize.sqnr import layer_sqnr
from edgekit.errors import AccuracyError, UsageError

LAYER_SAMPLES = 32
"""Samples the noise per layer is taken over."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The accuracy summary (None when nothing could be compared) and the SQNR by node in dB."""

    accuracy: AccuracySummary | None = None
    layers: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def judge(
    before: Graph,
    after: Graph,
    data: Prepared,
    options: ConvertOptions,
    report: Progress,
    formats: PrecisionSummary | None = None,
    *,
    reference: Callable[..., Reference] = Reference,
    given: Graph | None = None,
) -> Judgement:
    """Compare the float and the int8 graph on the evaluation data, else the calibration data.

    A model that came quantized or stays float has nothing to be compared with. Raises
    AccuracyError (exit 3) unless the options switch the gate off; the verdict then becomes a
    warning. Raises DataError for evaluation labels that do not fit the model, UsageError for a
    limit that says nothing about this model or data. `formats`, where layers differ in format, goes
    with a refusal; `reference` makes what is compared with. `given` is the float graph before
    pruning: accuracy is compared with that one, the noise of layers with `before`, which has the
    same channels.
    """
    given = before if given is None else given
    if after is given:
        return _not_compared(before, data, options)
    dataset = data.evaluation or data.calibration
    if dataset is None or data.preprocess is None:
        return Judgement(notes=(_unjudged(before),))
    calibrated_on = data.calibration.description if data.calibration else ""
    exact = reference(
        given,
        dataset,
        data.preprocess,
        limit=options.evaluation_samples,
        require_labels=data.evaluation is not None,
        calibrated_on=calibrated_on,
    )
    summary = exact.against(after, progress=lambda done, total: report("evaluate", done, total))
    check_limits(summary, options)
    few = subset(dataset, LAYER_SAMPLES, 0)
    samples = joined(list(graph_batches(few, data.preprocess, before)))
    layers = layer_sqnr(before, after, samples)
    limits = Limits(max_drop=options.max_drop, min_agreement=options.min_agreement)
    count = data.calibration.count if data.calibration else 0
    priced = _price_of_no_data(before, summary, data, options, report)
    try:
        notes = check_accuracy(
            before.name, before, summary, layers, limits=limits, calibration_samples=count
        )
    except AccuracyError as error:
        error.precision = formats
        error = _with_pruning(_with_clusters(error, options), options)
        if options.gate:
            raise error from None
        notes = (Note(error.code, error.subject, error.found, error.hint),)
    return Judgement(summary, layers, (*notes, *priced))


def _price_of_no_data(
    before: Graph,
    summary: AccuracySummary,
    data: Prepared,
    options: ConvertOptions,
    report: Progress,
) -> tuple[Note, ...]:
    """What ranges from data would have given, for a model that was quantized without: they are
    taken from evaluation samples, which flatters them."""
    if not options.data_free or data.evaluation is None or data.preprocess is None:
        return ()
    few = subset(data.evaluation, options.calibration_samples, 0)
    batches = graph_batches(few, data.preprocess, before)
    other = quantize_int8(before, batches, scheme=SCHEMES[options.precision]).graph
    calibrated = compare(
        before,
        other,
        data.evaluation,
        data.preprocess,
        limit=options.evaluation_samples,
        progress=lambda done, total: report("evaluate with data", done, total),
        require_labels=True,
    )
    lost = 100 * (calibrated.after - summary.after)
    text = (
        f"{summary.metric} {summary.after:.2%} without data, {calibrated.after:.2%} with ranges"
        f" from {few.count} of the evaluation samples: {abs(lost):.2f} points"
        f" {'lost' if lost > 0 else 'won'}"
    )
    return (Note("data-free-price", before.name, text, level="info"),)


def _unjudged(graph: Graph) -> Note:
    """Of a quantized model that was changed without any data to look at the result."""
    found = "what the change costs in accuracy was not checked: there is no data"
    return Note("not-judged", graph.name, found, "add --eval DATA")


def _with_clusters(error: AccuracyError, options: ConvertOptions) -> AccuracyError:
    """The verdict on clustered weights names the cheapest way out first."""
    if options.cluster is None:
        return error
    more = f"more clusters than {options.cluster}" + (
        ", or --cluster-per channel" if options.cluster_per == "tensor" else ""
    )
    return _hinted(error, more)


def _with_pruning(error: AccuracyError, options: ConvertOptions) -> AccuracyError:
    """The verdict on a pruned network names what pruning can do about it first."""
    if options.prune is None:
        return error
    return _hinted(error, f"prune less than --prune {options.prune}, or train the pruned network")


def _hinted(error: AccuracyError, first: str) -> AccuracyError:
    hint = f"{first}; {error.hint}" if error.hint else first
    return type(error)(
        error.subject, error.found, allowed=error.allowed, hint=hint, code=error.code
    )


def _not_compared(graph: Graph, data: Prepared, options: ConvertOptions) -> Judgement:
    """The judgement on a model that nothing was done to; what was asked and cannot be is said."""
    quantized = is_quantized(graph)
    why = "the model came quantized" if quantized else "nothing was quantized"
    for option, limit in _stated(options):
        raise _useless(option, limit, f"{why}: no other model to compare with")
    given = data.evaluation or (None if quantized else data.calibration)
    if given is None:
        return Judgement()
    note = Note(
        "not-evaluated",
        given.description,
        f"not used: {why}, there is no other model to compare it with",
        "convert the float model to int8 to see what quantization costs",
    )
    return Judgement(notes=(note,))


def check_limits(summary: AccuracySummary, options: ConvertOptions) -> None:
    """Raise UsageError for a limit that the data or the model cannot be held to."""
    for option, limit in _stated(options):
        if summary.metric == "sqnr":
            raise _useless(option, limit, "the model's outputs are no classes")
        if option == "--max-drop" and summary.metric == "agreement":
            raise _useless(option, limit, f"{summary.data} has no labels of the model's classes")


def _stated(options: ConvertOptions) -> list[tuple[str, float]]:
    limits = (("--min-agreement", options.min_agreement), ("--max-drop", options.max_drop))
    return [(option, limit) for option, limit in limits if limit is not None]


def _useless(option: str, limit: float, why: str) -> UsageError:
    return UsageError(
        option,
        f"{limit:g} cannot be checked: {why}",
        hint="leave it out, or give --eval with labelled data and a float model",
        code="limit-unchecked",
    )
