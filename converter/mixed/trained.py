"""Layers trained binarized, beside the same layers in int8.

The int8 form is that of binary/portable.py with its weights unpacked beforehand: signs are int8
codes, weights +1 and -1 in int8. It computes the same sums; an int8 output, rounded in fixed point
where the binarized layer rounds in float32, is at most 1 apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.figures import Note
from edgekit.artifacts.precision import FormatPrice, LayerPrecision, PrecisionSummary
from edgekit.converter.binary.portable import portable
from edgekit.converter.interpret.program import fold_constants
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.verify import verify
from edgekit.converter.mixed.formats import layers_of
from edgekit.converter.mixed.price import Prices, Take, prices
from edgekit.converter.quantize.gate import Limits, tolerated
from edgekit.targets.model import Target
from edgekit.units import count_text

USUAL = 256
"""An int8 layer's output scale over that of its sums, roughly."""

Compare = Callable[[Graph], AccuracySummary]


def has_binarized(graph: Graph) -> bool:
    """Whether the model came with binarized layers."""
    return any(isinstance(node.op, ops.LceBconv2d) for node in graph.nodes)


def in_int8(graph: Graph) -> Graph:
    """The integer graph with every binarized layer as int8 operators. Raises UnsupportedError for
    layers that have no such form."""
    made = fold_constants(portable(graph))
    verify(made)
    return made


def as_usual(graph: Graph, wide: Graph) -> Graph:
    """The int8 form for pricing only: where it gives signs by saturation, which fast kernels do not
    take, outputs are scaled as those of ordinary int8 layers are."""
    packed = {
        node.name
        for node in graph.nodes
        if isinstance(node.op, ops.LceBconv2d) and graph.output(node).dtype is DType.INT32
    }
    tensors = []
    for node in wide.nodes:
        if node.name in packed and isinstance(node.op, ops.Conv2D):
            weights = wide.input(node, 1)
            assert weights.quant is not None
            scales = tuple(scale / USUAL for scale in weights.quant.scales)
            tensors.append(replace(weights, quant=replace(weights.quant, scales=scales)))
    return wide.with_tensors(*tensors)


def compare_trained(
    graph: Graph, target: Target, compare: Compare | None, prefer: str, limits: Limits
) -> tuple[PrecisionSummary, tuple[Note, ...]]:
    """Every binarized layer of an integer graph with the price of its int8 form beside it.

    `compare` measures a graph against the float model; without one (there is none, or no data)
    accuracies are left out.
    """
    nodes = [node for node in graph.nodes if isinstance(node.op, ops.LceBconv2d)]
    others = [node for node in layers_of(graph) if node not in nodes]
    wide = in_int8(graph)
    names = {node.name for node in (*nodes, *others)} | {name for name, _ in _signs(graph)}
    both = [prices(one, target, names) for one in (as_usual(graph, wide), graph)]
    found = [compare(one) if compare else None for one in (wide, graph)]
    shares = dict(_signs(graph))
    layers = tuple(
        _layer(node, [_take(p, node.name, shares) for p in both], node in nodes)
        for node in graph.nodes
        if node in nodes or node in others
    )
    summary = found[1]
    report = PrecisionSummary(
        asked="binary",
        prefer=prefer,
        metric=summary.metric if summary else "",
        reference=summary.before if summary else 0.0,
        samples=summary.samples if summary else 0,
        data=summary.data if summary else "",
        before=_whole("W8A8", both[0], found[0]),
        after=_whole("W8A8+W1A1" if others else "W1A1", both[1], summary),
        layers=layers,
        evaluations=sum(one is not None for one in found),
        most=2,
        limit=tolerated(summary, limits) if summary else "",
        basis=both[1].basis if both[1] else "",
    )
    return report, _loses(graph.name, report)


def _signs(graph: Graph) -> Iterator[tuple[str, str]]:
    """Nodes that make the signs of a binarized layer, and the first layer that reads them."""
    for node in graph.nodes:
        if isinstance(node.op, ops.LceQuantize):
            reader = _reader(graph, node)
            if reader is not None:
                yield node.name, reader.name


def _reader(graph: Graph, node: Node) -> Node | None:
    for reader in graph.consumers(node.output):
        found = reader if isinstance(reader.op, ops.LceBconv2d) else _reader(graph, reader)
        if found is not None:
            return found
    return None


def _take(found: Prices | None, name: str, shares: dict[str, str]) -> Take:
    """What a layer takes with the signs made for it."""
    if found is None:
        return Take()
    own = [found.layers[name], *(found.layers[made] for made, of in shares.items() if of == name)]
    return Take(
        sum(take.instructions for take in own),
        sum(take.flash for take in own),
        max(take.ram for take in own),
    )


def _layer(node: Node, takes: list[Take], binarized: bool) -> LayerPrecision:
    wide, narrow = takes
    priced = [FormatPrice("W8A8", wide.instructions, wide.flash, wide.ram)]
    if not binarized:
        return LayerPrecision(
            node.name, node.op.NAME, "W8A8", "trained with real weights", tuple(priced)
        )
    priced.append(FormatPrice("W1A1", narrow.instructions, narrow.flash, narrow.ram))
    saved = wide.instructions - narrow.instructions
    word = "saves" if saved > 0 else "loses"
    why = f"{word} {count_text(abs(saved))} instructions, {count_text(wide.flash - narrow.flash)} B"
    return LayerPrecision(node.name, node.op.NAME, "W1A1", f"trained binarized; {why}",
                          tuple(priced))  # fmt: skip


def _whole(name: str, found: Prices | None, summary: AccuracySummary | None) -> FormatPrice:
    take = found.whole if found else Take()
    accuracy = summary.after if summary else None
    decibels = summary.sqnr_db if summary else None
    return FormatPrice(name, take.instructions, take.flash, take.ram, accuracy, decibels)


def _loses(name: str, report: PrecisionSummary) -> tuple[Note, ...]:
    """The binarized layers that take no fewer instructions, or no less flash, than in int8."""
    binary = [layer for layer in report.layers if layer.format == "W1A1"]
    notes = []
    for what, attribute in (("instructions (estimated)", "instructions"), ("flash", "flash_bytes")):
        worse = [
            layer.layer
            for layer in binary
            if getattr(layer.prices[1], attribute) >= getattr(layer.prices[0], attribute) > 0
        ]
        if worse:
            found = (
                f"{len(worse)} of {len(binary)} binarized layers take no less {what} than in int8"
            )
            listed = f"{', '.join(worse[:6])}{', ...' if len(worse) > 6 else ''}"
            advice = "train those with real weights, or with more channels"
            notes.append(Note("binary-loses", name, f"{found}: {listed}", advice))
    return tuple(notes)
