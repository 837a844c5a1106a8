"""From a float graph and a format for every layer to the integer graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from edgekit.artifacts.figures import Note
from edgekit.converter.compress.edit import only_reader
from edgekit.converter.interpret.program import fold_constants
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.mixed.binarize import Fit, binarize_layers
from edgekit.converter.mixed.formats import Mix
from edgekit.converter.mixed.wide import widened
from edgekit.converter.quantize.calibrate import calibrate
from edgekit.converter.quantize.correct import correct_biases
from edgekit.converter.quantize.execute import Batch
from edgekit.converter.quantize.groups import Range
from edgekit.converter.quantize.int8 import QuantizeResult, quantize_ranges
from edgekit.converter.quantize.scheme import INT4, INT4_WEIGHTS, INT8, INT16, W4A16

FIT_SAMPLES = 32
"""Samples that binarized layers are fitted on: some thousand pixels each."""
SKETCH_SAMPLES = 2
"""Samples that a graph is made from where only its price is asked for."""


@dataclass(frozen=True, slots=True)
class Built:
    """An integer graph, the float graph it was made from, and what the user should know."""

    graph: Graph
    exact: Graph
    ranges: dict[str, Range]
    notes: tuple[Note, ...] = ()
    fits: tuple[Fit, ...] = ()


class Builder:
    """Integer graphs of one float graph for any mix of formats.

    `batches` gives the calibration data anew whenever it is called, `few` up to so many samples
    of it. Ranges are taken once; again only where layers are binarized, which changes what comes
    behind them.
    """

    def __init__(
        self,
        graph: Graph,
        batches: Callable[[], Iterable[Batch]],
        few: Callable[[int], Batch],
        *,
        bias_samples: int = 0,
    ) -> None:
        self.graph = fold_constants(graph)
        self._batches, self._few, self._bias_samples = batches, few, bias_samples
        self._ranges: dict[str, Range] | None = None

    def built(self, mix: Mix, *, biases: bool = True) -> Built:
        """The graph with each layer in its format of `mix`, others in int8; without `biases` these
        stay as rounding leaves them, which takes a fraction of the time."""
        exact, fits = self._binarized(mix, FIT_SAMPLES)
        whole = exact is self.graph
        ranges = self._known() if whole else calibrate(exact, self._batches())
        graph, result = self._quantized(exact, ranges, mix)
        if not (biases and self._bias_samples):
            return Built(graph, exact, result.ranges, result.notes, fits)
        graph, note = correct_biases(exact, graph, self._few(self._bias_samples))
        return Built(graph, exact, result.ranges, (*result.notes, note), fits)

    def sketched(self, mix: Mix) -> Graph:
        """A graph of the same operators, shapes and formats, of a few samples' ranges: enough to
        say what it takes on a target, sooner."""
        exact, _ = self._binarized(mix, SKETCH_SAMPLES)
        whole = exact is self.graph
        ranges = self._known() if whole else calibrate(exact, [self._few(SKETCH_SAMPLES)])
        return self._quantized(exact, ranges, mix)[0]

    def _binarized(self, mix: Mix, samples: int) -> tuple[Graph, tuple[Fit, ...]]:
        binary = {name for name, form in mix.items() if form == "binary"}
        if not binary:
            return self.graph, ()
        return binarize_layers(self.graph, binary, self._few(samples))

    def _quantized(
        self, exact: Graph, ranges: dict[str, Range], mix: Mix
    ) -> tuple[Graph, QuantizeResult]:
        int4 = {
            node.name: INT4.by_operator.get(type(node.op), INT4_WEIGHTS)
            for node in exact.nodes
            if mix.get(node.name) == "int4"
        }
        result = quantize_ranges(exact, ranges, replace(INT8, exceptions=int4))
        wide = {name: mix[name] for name in mix if mix[name] in (INT16.name, W4A16.name)}
        graph = widened(exact, result.graph, ranges, wide)
        return (graph if exact is self.graph else saturated(graph)), result

    def _known(self) -> dict[str, Range]:
        if self._ranges is None:
            self._ranges = calibrate(self.graph, self._batches())
        return self._ranges


def saturated(graph: Graph) -> Graph:
    """Without RELU and RELU6 that saturation does: behind an LceBconv2d whose int8 output then has
    their quantization, -128 standing for 0."""
    for node in graph.nodes:
        source = graph.producer(node.inputs[0] or "")
        if isinstance(node.op, ops.Relu | ops.Relu6) and source is not None:
            graph = _without(graph, source, node) or graph
    return graph


def _without(graph: Graph, source: Node, clamp: Node) -> Graph | None:
    y = graph.output(clamp)
    alone = isinstance(source.op, ops.LceBconv2d) and only_reader(graph, source.output) is clamp
    if not alone or y.quant is None or y.quant.zero_point != -128:
        return None
    if isinstance(clamp.op, ops.Relu6) and 255 * y.quant.scale > 6.0001:
        return None
    made = replace(source, outputs=clamp.outputs)
    return graph.with_nodes(made if n is source else n for n in graph.nodes if n is not clamp)
