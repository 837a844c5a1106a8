"""The formats of all layers: given, all binary, or searched; each with its price beside int8."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import FormatPrice, LayerPrecision, PrecisionSummary
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.mixed.bench import Bench
from edgekit.converter.mixed.build import Builder
from edgekit.converter.mixed.choices import BASE, NAMES, LayerChoice
from edgekit.converter.mixed.formats import Mix, given_mix, layers_of, obstacle
from edgekit.converter.mixed.price import Take
from edgekit.converter.mixed.reasons import binary_loss, reason
from edgekit.converter.mixed.search import MOST, Found, backed_off, search
from edgekit.converter.quantize.evaluate import Reference
from edgekit.converter.quantize.gate import Limits, tolerated, verdict, with_chance
from edgekit.converter.quantize.scheme import INT4, INT16, W4A16
from edgekit.errors import AccuracyError, UnsupportedError
from edgekit.targets.model import Target

_FIRST = "the first layer: its input is more than signs"
_LAST = "the last layer: the answer hangs on few sums"
SEARCH_SAMPLES = 500
"""Samples a search compares mixes on; the mix it ends with is judged on all."""
RANKING_SAMPLES = 64
"""Samples that single layers are ranked on: the noise on an output needs few."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for: a precision of `PRECISIONS`, rules for layers, what is to be small, what
    is tolerated; with `gate` off the best that was found is taken where nothing holds."""

    precision: str = BASE
    choices: tuple[LayerChoice, ...] = ()
    prefer: str = "instructions"
    limits: Limits = field(default_factory=Limits)
    gate: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """The integer graph, the float graph that was quantized (with binarized layers in it), what the
    user should know, and how it came about."""

    graph: Graph
    exact: Graph
    notes: tuple[Note, ...]
    summary: PrecisionSummary


def choose(
    graph: Graph,
    target: Target,
    builder: Builder,
    reference: Callable[[int | None], Reference],
    wishes: Wishes,
    *,
    check: Callable[[AccuracySummary], None] = lambda summary: None,
    progress: Callable[[int, int], None] = lambda done, most: None,
) -> Chosen:
    """Give every layer of a float graph its format.

    `reference` makes the comparison with the float graph on at most so many samples (None: all
    that the user wants judged); `check` is handed the accuracy of all int8 before anything else,
    and may raise. Raises AccuracyError (exit 3), with the best that was found, when
    no mix holds the limits; UnsupportedError for "binary" without a layer that can be, or a search
    for a target without kernels; UsageError for rules that fit no layer.
    """
    given = given_mix(graph, wishes.choices)
    bench = Bench(
        graph,
        target,
        builder,
        reference(SEARCH_SAMPLES),
        reference(RANKING_SAMPLES),
        progress=lambda done: progress(min(done, MOST), MOST),
    )
    check(bench.accuracy({}))
    decide = _searched if wishes.precision == "auto" else _stated
    found = decide(bench, graph, target, given, wishes, reference)
    report = _summary(bench, graph, found, given, wishes)
    notes = (*_left_out(graph, found), *binary_loss(graph.name, report))
    if not found.held:
        refused = _refusal(graph, report)
        if wishes.gate:
            raise refused
        notes = (*notes, Note(refused.code, refused.subject, refused.found, refused.hint))
    built = bench.built(found.mix)
    return Chosen(built.graph, built.exact, (*built.notes, *notes), report)


def _searched(
    bench: Bench,
    graph: Graph,
    target: Target,
    given: Mix,
    wishes: Wishes,
    reference: Callable[[int | None], Reference],
) -> Found:
    """The search's mix, without its last moves where all samples together do not hold it."""
    if bench.prices(given) is None:
        raise UnsupportedError(
            f"{graph.name} on {target.name}",
            "not every operator has a C kernel here, so that formats have no estimate",
            hint="choose layers yourself with --layer-precision, or another target",
            code="precision-target",
        )
    found = search(
        bench,
        graph,
        given,
        wishes.prefer,
        lambda s: _holds(s, wishes.limits),
        lambda s: _holds(s, with_chance(wishes.limits, s)),
    )
    if not found.held:
        return found
    every = reference(None)
    for count, mix in enumerate(backed_off(found.moves, found.start)):
        if _holds(every.against(bench.built(mix).graph), wishes.limits):
            return replace(found, mix=mix, moves=found.moves[: len(found.moves) - count])
    return replace(found, mix=found.start, moves=(), held=False)


def _stated(
    bench: Bench,
    graph: Graph,
    target: Target,
    given: Mix,
    wishes: Wishes,
    reference: Callable[[int | None], Reference],
) -> Found:
    """Every layer that can in the format asked for (the first and the last not in binary), and
    each layer alone measured in it."""
    del target, reference
    asked = wishes.precision
    able = [node.name for node in layers_of(graph) if not _kept(graph, node, asked)]
    if asked == "binary" and not able and "binary" not in given.values():
        raise _none_binary(graph)
    rest = [node.name for node in layers_of(graph) if asked == W4A16.name and node.name not in able]
    mix = {**dict.fromkeys(able, asked), **dict.fromkeys(rest, INT16.name), **given}
    for node in layers_of(graph)[:MOST]:
        form = mix.get(node.name, BASE)
        shown = "binary" if asked == "binary" and not obstacle(graph, node, "binary") else form
        bench.accuracy({node.name: shown})
    bench.accuracy(mix)
    return Found({}, mix, (), True)


def _kept(graph: Graph, node: Node, asked: str) -> str:
    """Why a layer does not get the format asked for all; "" where it does."""
    nodes = layers_of(graph)
    if asked == "binary" and node in (nodes[0], nodes[-1]):
        return _FIRST if node is nodes[0] else _LAST
    if asked == "int4" and type(node.op) not in INT4.by_operator:
        return obstacle(graph, node, asked) or "few weights: int8, as --precision int4 has it"
    return obstacle(graph, node, asked)


def _none_binary(graph: Graph) -> UnsupportedError:
    nodes = layers_of(graph)
    found = "; ".join(f"{node.name}: {_kept(graph, node, 'binary')}" for node in nodes[:4])
    more = f"; and {len(nodes) - 4} more" if len(nodes) > 4 else ""
    return UnsupportedError(
        f"--precision binary of {graph.name}",
        f"no layer can be binarized: {found or 'it has no layer with weights'}{more}",
        allowed="convolutions (1x1 and wider) and fully connected layers between first and last",
        hint="use --precision int8 or auto, or --layer-precision NAME=binary for a first or last"
        " layer",
        code="no-binary-layer",
    )


def _holds(summary: AccuracySummary, limits: Limits) -> bool:
    return not verdict(summary, limits)[0]


def _refusal(graph: Graph, report: PrecisionSummary) -> AccuracyError:
    best = report.after
    error = AccuracyError(
        f"--precision auto of {graph.name}",
        f"no mix of formats holds the accuracy; the best found, {'+'.join(report.formats)},"
        f" reaches {best.accuracy:.2%} where the float model has {report.reference:.2%}"
        f" ({report.metric}, {report.samples} samples of {report.data})",
        allowed=report.limit,
        hint="allow more with --max-drop, calibrate with more or closer data, train"
        " quantization-aware, or take it with --no-gate",
        code="no-mix",
    )
    error.precision = report
    return error


def _left_out(graph: Graph, found: Found) -> tuple[Note, ...]:
    if not found.left_out:
        return ()
    return (
        Note(
            "search-bounded",
            graph.name,
            f"{found.left_out} candidates that save least were not tried: a search makes at most"
            f" {MOST} evaluations",
            "fix layers with --layer-precision to leave room for others",
            level="info",
        ),
    )


def _summary(
    bench: Bench, graph: Graph, found: Found, given: Mix, wishes: Wishes
) -> PrecisionSummary:
    summary = bench.accuracy(found.mix)
    layers = tuple(_layer(bench, graph, node, found, given, wishes) for node in layers_of(graph))
    few = bench.few if bench.few < summary.samples else 0
    whole = bench.prices({})
    return PrecisionSummary(
        asked=wishes.precision,
        prefer=wishes.prefer,
        metric=summary.metric,
        reference=summary.before,
        samples=summary.samples,
        data=f"{summary.data}, layers alone on {few} of them" if few else summary.data,
        before=_whole(bench, {}, ("int8",)),
        after=_whole(bench, found.mix, [found.mix.get(name, BASE) for name in bench.layers]),
        layers=layers,
        evaluations=bench.evaluations,
        most=MOST,
        held=found.held,
        limit=tolerated(summary, wishes.limits),
        basis=whole.basis if whole is not None else "",
    )


def _layer(
    bench: Bench, graph: Graph, node: Node, found: Found, given: Mix, wishes: Wishes
) -> LayerPrecision:
    form = found.mix.get(node.name, BASE)
    others = [name for name in NAMES if not obstacle(graph, node, name)]
    shown = [
        name
        for name in others
        if name in (BASE, form)
        or wishes.precision == "auto"
        or bench.alone({node.name: name}, found.start) is not None
    ]
    prices = tuple(_price(bench, node.name, name, found.start) for name in shown)
    refused = {NAMES[name]: obstacle(graph, node, name) for name in NAMES if name not in others}
    made = LayerPrecision(node.name, node.op.NAME, NAMES[form], "", prices, refused)
    kept = _kept(graph, node, wishes.precision) if wishes.precision in NAMES else ""
    told = "as given" if node.name in given else kept
    return replace(made, reason=told or reason(made, found, wishes.prefer))


def _price(bench: Bench, layer: str, name: str, start: Mix) -> FormatPrice:
    """One layer in one format, all others in int8 (measured beside the search's start, if so)."""
    alone = {layer: name} if name != BASE else {}
    found = bench.prices(alone)
    take = found.layers[layer] if found is not None else Take()
    summary = bench.alone(alone, start) or bench.alone({layer: name}, start)
    return FormatPrice(
        NAMES[name],
        take.instructions,
        take.flash,
        take.ram,
        None if summary is None else summary.after,
        None if summary is None else summary.sqnr_db,
    )


def _whole(bench: Bench, mix: Mapping[str, str], formats: Iterable[str]) -> FormatPrice:
    found, summary = bench.prices(mix), bench.known(mix)
    take = found.whole if found is not None else Take()
    names = "+".join(dict.fromkeys(NAMES[name] for name in NAMES if name in set(formats)))
    return FormatPrice(
        names,
        take.instructions,
        take.flash,
        take.ram,
        None if summary is None else summary.after,
        None if summary is None else summary.sqnr_db,
    )
