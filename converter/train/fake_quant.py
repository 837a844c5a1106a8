"""Fake quantization: a float network that computes what its integer graph will, with gradients.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference" (2018), section 3:

    weights       q = clip(round(w / s), -127, 127), used as s q;    s = max |w| / 127 by channel
    activations   range <- d range + (1 - d) [min, max of the batch], rounded to its 256 steps

Rounding passes gradients as if it were not there, and clipping stops them (Bengio, Leonard and
Courville, "Estimating or Propagating Gradients Through Stochastic Neurons", 2013). Which tensors
are quantized, which of them share a range, and what their operators demand is not decided here:
`FakePlan.of` quantizes the graph once and looks. So an integer graph made of what
`FakeQuant.recorded` gives has these very weights and ranges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph, Node, Quant
from edgekit.converter.quantize.groups import SAME_SCALE, Range, same_scale_groups
from edgekit.converter.quantize.int8 import quantize_ranges
from edgekit.converter.quantize.params import NEAR_ZERO, constant_values, dequantize_array
from edgekit.converter.quantize.scheme import WEIGHTED, Format, Scheme
from edgekit.converter.tflite.reader import TRAINED_FOR

DECAY = 0.99
"""Of the ranges' averages."""
OBSERVED = 0.5
"""Share of the epochs in which ranges follow the values; after that they stay."""


@dataclass(frozen=True, slots=True)
class FakePlan:
    """What is quantized, and how.

    `ranges` are those of all activations at the start. `groups` gives each quantized activation the
    name whose range it has, `fixed` those whose quantization their operator demands; `observed` are
    the ones that ranges are averaged over, and `least` what constants demand of a range.
    `constants` are operands of integer operators, rounded as there.
    """

    scheme: Scheme
    ranges: Mapping[str, Range]
    groups: Mapping[str, str]
    fixed: Mapping[str, Quant]
    observed: frozenset[str]
    least: Mapping[str, Range]
    constants: Mapping[str, NDArray[np.float32]]

    @classmethod
    def of(cls, graph: Graph, ranges: Mapping[str, Range], scheme: Scheme) -> FakePlan:
        """How `quantize_ranges` treats the float graph whose activations have these ranges."""
        done = quantize_ranges(graph, ranges, scheme)
        shared = same_scale_groups(graph)
        quants = {
            name: quant
            for name in graph.activations()
            if name in done.graph.tensors and (quant := done.graph[name].quant) is not None
        }
        demanded = {node.output: scheme.fixed(node.op) for node in graph.nodes}
        fixed = {name: quant for name, quant in quants.items() if demanded.get(name) == quant}
        groups = {name: shared.get(name, name) for name in quants if name not in fixed}
        moved = {n for node in graph.nodes if isinstance(node.op, SAME_SCALE) for n in node.outputs}
        least: dict[str, Range] = {}
        for name, group in shared.items():
            if graph[name].constant:
                least[group] = _joined(least.get(group, (0.0, 0.0)), _bounds(graph, name))
        return cls(
            scheme=scheme,
            ranges=done.ranges,
            groups=groups,
            fixed=fixed,
            observed=frozenset(groups) - moved,
            least=least,
            constants=_constants(graph, done.graph),
        )


def _bounds(graph: Graph, name: str) -> Range:
    values = constant_values(graph[name])
    return float(values.min(initial=0.0)), float(values.max(initial=0.0))


def _constants(graph: Graph, done: Graph) -> dict[str, NDArray[np.float32]]:
    apart = {n for node in graph.nodes if type(node.op) in WEIGHTED for n in node.inputs[1:]}
    found = {}
    for name, tensor in graph.tensors.items():
        made = done.tensors.get(name)
        if tensor.constant and name not in apart and made is not None and made.quant is not None:
            found[name] = dequantize_array(made.values, made.quant)
    return found


def _joined(one: Range, other: Range) -> Range:
    return min(one[0], other[0]), max(one[1], other[1])


class FakeQuant:
    """A plan at work in one network: its ranges are variables.

    While `observing`, a training step moves them; set it before the step is compiled.
    """

    def __init__(self, tf: Any, plan: FakePlan) -> None:
        self.plan, self.observing = plan, True
        names = list(dict.fromkeys(plan.groups.values()))
        self._rows = {name: number for number, name in enumerate(names)}
        first = [_joined(plan.ranges[name], (0.0, 0.0)) for name in self._rows]
        start = np.array(first, np.float32).reshape(-1, 2)
        self._ranges = tf.keras.Variable(start, trainable=False, name="ranges")

    @property
    def variables(self) -> list[Any]:
        """What a checkpoint keeps."""
        return [self._ranges]

    def activation(self, tf: Any, name: str, x: Any, seen: dict[str, Any]) -> Any:
        """The activation rounded as the integer graph's is; its extremes go into `seen`."""
        form = self.plan.scheme.activation
        if name in self.plan.fixed:
            quant = self.plan.fixed[name]
            ends = [(end - quant.zero_point) * quant.scale for end in (form.low, form.high)]
            return _rounded(tf, x, ends[0], ends[1], form)
        if name not in self.plan.groups:
            return x
        if name in self.plan.observed:
            seen[name] = tf.stack((tf.reduce_min(x), tf.reduce_max(x)))
        low, high = tf.unstack(tf.convert_to_tensor(self._ranges)[self._row(name)])
        if form.symmetric:
            high = tf.maximum(-low, high)
            low = -high
        return _rounded(tf, x, low, high, form)

    def weights(self, tf: Any, node: Node, w: Any) -> Any:
        """Weights as the integer graph has them; in float64, as the quantizer computes."""
        form, exact = self.plan.scheme.weights_of(node), tf.cast(w, tf.float64)
        axis = WEIGHTED[type(node.op)]
        others = [i for i in range(len(w.shape)) if i != axis or not form.per_channel]
        peaks = tf.reduce_max(tf.abs(exact), others, keepdims=True)
        scales = tf.cast(tf.maximum(peaks, NEAR_ZERO / 2) / form.high, tf.float32)
        scales = tf.cast(scales, tf.float64)
        steps = tf.sign(exact) * tf.floor(tf.abs(exact) / scales + 0.5)
        used = tf.clip_by_value(steps, form.low, form.high) * scales
        return tf.stop_gradient(tf.cast(used, tf.float32)) + (w - tf.stop_gradient(w))

    def observe(self, tf: Any, seen: Mapping[str, Any]) -> None:
        """Move the ranges towards the extremes of a batch."""
        members: list[list[Any]] = [[] for _ in self._rows]
        for name, ends in seen.items():
            members[self._row(name)].append(ends)
        rows = [
            self._grown(tf, name, found) for name, found in zip(self._rows, members, strict=True)
        ]
        self._ranges.assign(tf.stack(rows))

    def _grown(self, tf: Any, name: str, found: list[Any]) -> Any:
        old = tf.convert_to_tensor(self._ranges)[self._rows[name]]
        if not found:
            return old
        least = self.plan.least.get(name, (0.0, 0.0))
        low = tf.minimum(tf.reduce_min(tf.stack(found)[:, 0]), least[0])
        high = tf.maximum(tf.reduce_max(tf.stack(found)[:, 1]), least[1])
        return DECAY * old + (1 - DECAY) * tf.stack((low, high))

    def _row(self, name: str) -> int:
        return self._rows[self.plan.groups[name]]

    def recorded(self, graph: Graph) -> Graph:
        """The float graph with its weights rounded to the integer graph's, and on every activation
        the range that it is to have there; its metadata name the precision."""
        trained = np.asarray(self._ranges).astype(float)
        ranges = dict(self.plan.ranges)
        for name in self.plan.groups:
            low, high = trained[self._row(name)].tolist()
            ranges[name] = (low, high)
        done = quantize_ranges(graph, ranges, self.plan.scheme)
        made = {n: replace(graph[n], range=done.ranges.get(n)) for n in graph.activations()}
        for node in done.graph.nodes:
            if type(node.op) in WEIGHTED:
                stored, name = done.graph.input(node, 1), _plain(graph, node)
                assert stored.quant is not None
                values = dequantize_array(stored.values, stored.quant)
                made[name] = replace(graph[name], data=values)
        facts = {**graph.metadata, TRAINED_FOR: self.plan.scheme.name}
        return replace(graph.with_tensors(*made.values()), metadata=facts)


def _plain(graph: Graph, node: Node) -> str:
    """The name that the float graph has for the weights of an integer node."""
    before = next(other for other in graph.nodes if other.name == node.name)
    return graph.input(before, 1).name


def _rounded(tf: Any, x: Any, low: Any, high: Any, form: Format) -> Any:
    """TensorFlow's one operation for it: ends nudged so that 0 is a step, gradients inside only."""
    bits = form.dtype.bits
    narrow = form.low == 1 - 2 ** (bits - 1)
    return tf.quantization.fake_quant_with_min_max_vars(x, low, high, bits, narrow)
