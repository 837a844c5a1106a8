"""Post-training quantization, graph to graph: ranges in, integer graph out.

Read it in this order: `quantize_int8` (the steps), `_activations` (a scale per tensor), `_weights`
(a node's weights and bias). Names of tensors and nodes stay those of the float graph, so results
can be compared tensor by tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note
from edgekit.converter.interpret.program import fold_constants
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor
from edgekit.converter.ir.ops import (
    Dequantize,
    DetectionPostProcess,
    LceBconv2d,
    Mul,
    Quantize,
    Square,
    TreeEnsemble,
)
from edgekit.converter.ir.ops_logic import COMPARISONS
from edgekit.converter.quantize.calibrate import Progress, calibrate
from edgekit.converter.quantize.execute import Batch
from edgekit.converter.quantize.floors import raise_floors
from edgekit.converter.quantize.groups import Range, Ranges, same_scale_groups, union_ranges
from edgekit.converter.quantize.islands import LEAST, MOST, real_nodes
from edgekit.converter.quantize.masks import near_masks
from edgekit.converter.quantize.params import (
    MAX_BIAS,
    NEAR_ZERO,
    asymmetric,
    constant_values,
    covers,
    float_tensor,
    half_ranges,
    integers,
    quantize_array,
    symmetric,
)
from edgekit.converter.quantize.recurrent import (
    WIDE,
    check_recurrent,
    parameters,
    wide_states,
)
from edgekit.converter.quantize.scheme import INT8, WEIGHTED, Format, Scheme
from edgekit.converter.quantize.trees import quantized_trees
from edgekit.errors import UnsupportedError

REAL_RESULTS = (DetectionPostProcess, TreeEnsemble)
"""Operators whose outputs stay float32."""


@dataclass(frozen=True, slots=True)
class QuantizeResult:
    """The integer graph, the real range of every activation, and what the user should know."""

    graph: Graph
    ranges: dict[str, Range]
    notes: tuple[Note, ...] = ()


def is_quantized(graph: Graph) -> bool:
    """Whether the graph computes in integers already (float at its borders is allowed, and in a
    detection head and the leaves of trees)."""
    borders = (Quantize, Dequantize, *REAL_RESULTS)
    inner = [node for node in graph.nodes if not isinstance(node.op, borders)]
    names = {node.output for node in inner} | set(graph.inputs if not inner else ())
    return bool(names) and not any(float_tensor(graph[name]) for name in names)


def quantize_int8(
    graph: Graph,
    batches: Iterable[Batch],
    *,
    progress: Progress | None = None,
    scheme: Scheme = INT8,
    narrow: Callable[[Graph, Ranges], Ranges] | None = None,
) -> QuantizeResult:
    """Quantize a float graph with the ranges seen on `batches` (float32, any leading extent; by
    name for several inputs).

    `narrow` makes other ranges of those that were seen (`observers`).
    A graph that is quantized already comes back as it is and `batches` is not touched. Input and
    outputs become int8, but what a detection head or trees give stays float32; biases int32 with
    scale input x weights.

    Raises DataError for unusable calibration data, UnsupportedError for a graph that mixes float
    and integer operators, or computes its weights.
    """
    if is_quantized(graph):
        return QuantizeResult(graph, {}, (_already(graph),))
    check_quantizable(graph)
    graph = fold_constants(graph)
    ranges: Ranges = calibrate(graph, batches, progress=progress)
    return quantize_ranges(graph, ranges if narrow is None else narrow(graph, ranges), scheme)


def quantize_ranges(graph: Graph, ranges: Ranges, scheme: Scheme = INT8) -> QuantizeResult:
    """Quantize a float graph whose activations have the given real ranges."""
    graph, ranges, masked = near_masks(graph, ranges)
    unions, raised = raise_floors(graph, union_ranges(graph, ranges), scheme.activation)
    wide = wide_states(graph, unions)
    quants = {**_activations(graph, unions, scheme), **wide}
    builder = _Builder(graph, quants, scheme)
    nodes = [made for node in graph.nodes for made in builder.nodes(node)]
    activations = [
        _integer(graph[name], quants[name], WIDE if name in wide else scheme.activation)
        for name in graph.activations()
        if name in quants and not builder.stays_real(name)
    ]
    states = tuple(_state(state, quants, wide, scheme) for state in graph.states)
    whole = replace(graph.with_tensors(*activations, *builder.constants.values()), states=states)
    done = whole.with_nodes(nodes)
    notes = (
        *_range_notes(graph, unions),
        *_raised_note(graph, builder.raised),
        *_mask_note(graph, masked),
        *_floor_notes(raised),
    )
    seen = {name: unions[name] for name in graph.activations() if name in unions}
    return QuantizeResult(done, seen, notes)


def _activations(graph: Graph, ranges: Ranges, scheme: Scheme) -> dict[str, Quant]:
    """A quantization per activation (and per constant in a same-scale group).

    An operator with a fixed output quantization gives it to its whole group where that covers
    the group's range.
    """
    groups = same_scale_groups(graph)
    fixed = {
        groups.get(node.output, node.output): scheme.fixed(node.op)
        for node in graph.nodes
        if scheme.fixed(node.op)
    }
    quants = {}
    for name, (low, high) in ranges.items():
        given = fixed.get(groups.get(name, name))
        if given is not None and covers(given, low, high, scheme.activation):
            quants[name] = given
        elif float_tensor(graph[name]):
            quants[name] = asymmetric(low, high, scheme.activation)
    return quants


def _integer(tensor: Tensor, quant: Quant, form: Format) -> Tensor:
    return replace(tensor, dtype=form.dtype, quant=quant, range=None)


def _state(state: State, quants: dict[str, Quant], wide: Collection[str], scheme: Scheme) -> State:
    quant = quants.get(state.read)
    if quant is None:
        return state
    values = np.asarray(state.initial, np.float32)
    form = WIDE if state.read in wide else scheme.activation
    return replace(state, initial=quantize_array(values, quant, form))


class _Builder:
    """Rewrites nodes one by one.

    As it goes `constants` fills with quantized constants and extra tensors, `raised` with the
    number of channels per node whose weight scale had to be raised.
    """

    def __init__(self, graph: Graph, quants: dict[str, Quant], scheme: Scheme) -> None:
        self.graph, self.quants, self.scheme = graph, quants, scheme
        self.constants: dict[str, Tensor] = {}
        self.raised: dict[str, int] = {}
        self.real = real_nodes(graph, quants)

    def nodes(self, node: Node) -> tuple[Node, ...]:
        """The node over integer operands, and a requantization after it where that is needed."""
        if type(node.op) in WEIGHTED:
            return (self._weighted(node),)
        if isinstance(node.op, LceBconv2d):
            return (node,)  # multiplier and bias stay real
        if node.op.STATES:
            return (self._recurrent(node),)
        if isinstance(node.op, TreeEnsemble):
            return (self._trees(node),)
        if node.name in self.real:
            return self._island(node)
        if isinstance(node.op, Square):
            node = replace(node, op=Mul(), inputs=node.inputs * 2)
        made = replace(node, inputs=tuple(self._operand(node, name) for name in node.inputs))
        fixed = self.scheme.fixed(node.op)
        if fixed is None or fixed == self.quants[node.output]:
            return (made,)
        inner = f"{node.output}/fixed"
        tensor = replace(self.graph[node.output], name=inner)
        self.constants[inner] = _integer(tensor, fixed, self.scheme.activation)
        again = Node(f"{node.name}/requantize", Quantize(), (inner,), node.outputs)
        return (replace(made, outputs=(inner,)), again)

    def _recurrent(self, node: Node) -> Node:
        """The node over integer weights; one shared by nodes that scale it apart gets a second."""
        made = parameters(self.graph, node, self.quants)
        names = {name: self._record(node, tensor) for name, tensor in made.items()}
        return replace(node, inputs=tuple(names.get(name or "", name) for name in node.inputs))

    def _trees(self, node: Node) -> Node:
        """The node over integer thresholds."""
        source, form = self.quants[self.graph.source(node).name], self.scheme.activation
        made = quantized_trees(self.graph, node, source, form)
        names = {tensor.name: self._record(node, tensor) for tensor in made}
        return replace(node, inputs=tuple(names.get(name or "", name) for name in node.inputs))

    def _island(self, node: Node) -> tuple[Node, ...]:
        """A node that stays in float32, between DEQUANTIZE and QUANTIZE."""
        made: list[Node] = []
        inputs: list[str | None] = []
        for name in node.inputs:
            if name is None or not float_tensor(self.graph[name]):
                inputs.append(name)
                continue
            if self.graph[name].constant:
                inputs.append(self._real_constant(name))
                continue
            if self.stays_real(name):
                inputs.append(name)
                continue
            real = f"{node.name}/{name}/real"
            if real not in self.constants:
                self.constants[real] = replace(self.graph[name], name=real)
                made.append(Node(f"{real}", Dequantize(), (name,), (real,)))
            inputs.append(real)
        if self.stays_real(node.output) or not float_tensor(self.graph[node.output]):
            return (*made, replace(node, inputs=tuple(inputs)))
        result = f"{node.output}/real"
        self.constants[result] = replace(self.graph[node.output], name=result)
        same = replace(node, inputs=tuple(inputs), outputs=(result,))
        again = Node(f"{node.name}/quantize", Quantize(), (result,), node.outputs)
        return (*made, same, again)

    def _real_constant(self, name: str) -> str:
        """A constant as it is; under a second name where integer nodes read it too."""
        if all(node.name in self.real for node in self.graph.consumers(name)):
            return name
        made = replace(self.graph[name], name=f"{name}/real")
        self.constants[made.name] = made
        return made.name

    def stays_real(self, name: str) -> bool:
        """Whether an activation is float32: written and read by nodes that stay so, or
        given by a detection head or trees."""
        producer, readers = self.graph.producer(name), self.graph.consumers(name)
        if producer is not None and isinstance(producer.op, REAL_RESULTS):
            return True
        inner = producer is not None and producer.name in self.real
        apart = name in self.graph.results or any(node.name not in self.real for node in readers)
        return inner and not apart

    def _operand(self, node: Node, name: str | None) -> str | None:
        """A constant operand of an elementwise or same-scale operator, as an activation."""
        if name is None or not self.graph[name].constant or not float_tensor(self.graph[name]):
            return name
        values = constant_values(self.graph[name])
        form = self.scheme.activation
        low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
        quant = self.quants.get(name) or asymmetric(low, high, form)
        if isinstance(node.op, COMPARISONS) and not LEAST <= quant.scale < MOST:
            # A threshold of 0 has no scale of its own; far and near ones are clipped or rounded.
            quant = next(self.quants[x] for x in node.inputs if x in self.quants)
        return self._keep(node, self.graph[name], quantize_array(values, quant, form), quant)

    def _weighted(self, node: Node) -> Node:
        graph, form = self.graph, self.scheme.weights_of(node)
        weights, bias = graph.input(node, 1), graph.role(node, "bias")
        axis = WEIGHTED[type(node.op)] if form.per_channel else None
        values = constant_values(weights)
        quant = symmetric(half_ranges(values, axis), form, axis)
        source = self.quants[graph.source(node).name]
        if bias is not None:
            quant = self._fit_bias(node, constant_values(bias), source, quant)
        stored = quantize_array(values, quant, form)
        names = [*node.inputs]
        if bias is None and names[-1] is None:
            names.pop()
        names[1] = self._keep(node, weights, stored, quant, form.dtype)
        if bias is not None:
            names[node.inputs.index(bias.name)] = self._bias(node, bias, source, quant)
        return replace(node, inputs=tuple(names))

    def _fit_bias(self, node: Node, bias: NDArray[np.float32], x: Quant, w: Quant) -> Quant:
        """The weight scales, raised where the bias would not fit into half of int32.

        That happens to channels whose weights are all but zero: their output is the bias alone.
        """
        limits = np.abs(bias.astype(np.float64)) / (x.scale * MAX_BIAS)
        if w.axis is None:
            limits = limits.max(keepdims=True)
        scales = np.array(w.scales)
        tight = int((limits > scales).sum())
        if not tight:
            return w
        self.raised[node.name] = tight
        raised = np.maximum(scales, limits).tolist()
        return replace(w, scales=tuple(float(np.float32(scale)) for scale in raised))

    def _bias(self, node: Node, bias: Tensor, x: Quant, w: Quant) -> str:
        exact = x.scale * np.array(w.scales)
        stored = integers(constant_values(bias), exact).astype(self.scheme.bias.numpy)
        if w.axis is None:
            quant = Quant.per_tensor(float(exact[0]), 0)
        else:
            quant = Quant.per_channel(exact.tolist(), 0)
        return self._keep(node, bias, stored, quant, self.scheme.bias)

    def _keep(
        self,
        node: Node,
        tensor: Tensor,
        stored: NDArray[np.generic],
        quant: Quant,
        dtype: DType | None = None,
    ) -> str:
        """Record a quantized constant; one shared by nodes that scale it apart gets a second."""
        form = dtype or self.scheme.activation.dtype
        return self._record(node, replace(tensor, dtype=form, quant=quant, data=stored))

    def _record(self, node: Node, made: Tensor) -> str:
        known = self.constants.get(made.name)
        if known is not None and known.quant != made.quant:
            made = replace(made, name=f"{made.name}/{node.name}")
        self.constants[made.name] = made
        return made.name


def check_quantizable(graph: Graph) -> None:
    """Raise UnsupportedError for graphs this quantizer does not take."""
    for node in graph.nodes:
        if isinstance(node.op, Quantize | Dequantize):
            raise UnsupportedError(
                f"{node.op.NAME} {node.name}",
                "the model mixes float and integer operators",
                hint="give the float model, or one that is int8 throughout",
                code="mixed-precision-input",
            )
        check_recurrent(node)
        _check_detections(graph, node)
        weights = graph.operand(node, 1) if type(node.op) in WEIGHTED else None
        if weights is not None and not weights.constant:
            raise UnsupportedError(
                f"{node.op.NAME} {node.name}",
                f"its weights {weights.name} are computed",
                allowed="constant weights",
                hint="freeze the model before saving it",
                code="computed-weights",
            )


def _check_detections(graph: Graph, node: Node) -> None:
    """Detections are lists of numbers of different kinds, which one scale does not fit."""
    readers = [reader for name in node.outputs for reader in graph.consumers(name)]
    if isinstance(node.op, DetectionPostProcess) and readers:
        raise UnsupportedError(
            f"{node.op.NAME} {node.name}",
            f"{readers[0].op.NAME} {readers[0].name} computes with its detections",
            allowed="detections that are outputs of the model",
            hint="leave what follows to the application",
            code="computed-detections",
        )


def _already(graph: Graph) -> Note:
    return Note(
        "already-quantized",
        graph.name,
        "the model is quantized already and is used as it is",
        "calibration data is not needed",
        level="info",
    )


def _raised_note(graph: Graph, raised: dict[str, int]) -> tuple[Note, ...]:
    if not raised:
        return ()
    first = next(iter(raised))
    return (
        Note(
            "bias-scale-raised",
            graph.name,
            f"{sum(raised.values())} channels in {len(raised)} layers (first {first}) have weights "
            "near zero beside a bias; their weight scale was raised so that the bias fits",
            "such channels are constant: pruning them makes the model smaller",
            level="info",
        ),
    )


def _floor_notes(names: Sequence[str]) -> tuple[Note, ...]:
    """Activations that all but stayed zero on the calibration data."""
    return tuple(
        Note(
            "scale-raised",
            name,
            "hardly left zero on the calibration samples; its scale was raised to the smallest "
            "that TensorFlow Lite's kernels compute with, and most of its values round to zero",
            "check the weights (are they trained?), the input scale and the calibration data",
        )
        for name in names
    )


def _mask_note(graph: Graph, masked: Sequence[str]) -> tuple[Note, ...]:
    if not masked:
        return ()
    return (
        Note(
            "mask-cut",
            graph.name,
            f"{len(masked)} additive masks (first {masked[0]}) stand for minus infinity; they were "
            "cut to just beyond the values they mask, which keeps those their steps of int8",
            level="info",
        ),
    )


def _range_notes(graph: Graph, ranges: Ranges) -> tuple[Note, ...]:
    """Activations that never left zero on the calibration data."""
    produced = {node.output for node in graph.nodes}
    dead = [
        name
        for name, (low, high) in ranges.items()
        if name in produced and max(high, 0.0) - min(low, 0.0) < NEAR_ZERO
    ]
    return tuple(
        Note(
            "dead-activation",
            name,
            "was zero for every calibration sample",
            "check the input scale and that the data covers what the model will see",
        )
        for name in dead
    )
