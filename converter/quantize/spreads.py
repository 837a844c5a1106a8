"""How the values of every activation spread, without data: from statistics and by rules.

Per channel (the last axis) a mean, a deviation and a range are followed through the graph:

* What a normalization gave has its beta and |gamma|, and the range beta +- n |gamma| (Nagel et al.
  2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4).
* Other weighted layers add up independent inputs: mean W m + b, variance W^2 v.
* A fused activation clips a normal distribution; mean and variance are the clipped one's.
* ADD adds means and variances; its range is the sum of ranges, or mean +- n deviations where that
  is narrower.
* Any other operator is run on random values of its inputs' distributions (fixed seed).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.interpret.program import build, named_results, operands
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.shapes_movement import MOVED, PARTS
from edgekit.converter.load.norms import Norm
from edgekit.converter.quantize.groups import Range
from edgekit.converter.quantize.products import MATRICES, weight_matrices

Floats = NDArray[np.float64]

WIDTH = 6.0
"""Deviations on either side of the mean that a range covers."""

DRAWS = 32
_MOVED = (
    *(op for op in (*MOVED, *PARTS) if op not in (ops.Concatenation, ops.Pack)),
    *(ops.MaxPool2D, ops.AveragePool2D, ops.Mean, ops.ResizeBilinear),
)
_CLIPS: dict[Activation, tuple[float, float]] = {
    Activation.NONE: (-math.inf, math.inf),
    Activation.RELU: (0.0, math.inf),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """By channel: mean, deviation, and the range [low, high]."""

    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats

    @property
    def range(self) -> Range:
        """Over all channels, 0 included."""
        return min(float(self.low.min()), 0.0), max(float(self.high.max()), 0.0)


def normal(mean: Floats, deviation: Floats, width: float = WIDTH) -> Spread:
    """A normal distribution by channel."""
    return Spread(mean, deviation, mean - width * deviation, mean + width * deviation)


def spreads(
    graph: Graph, inputs: Mapping[str, Spread], known: Mapping[str, Norm], width: float = WIDTH
) -> dict[str, Spread]:
    """The spread of every float activation. `known` are the statistics of what goes into the
    activation of weighted nodes, by node name."""
    found = dict(inputs)
    for node in graph.nodes:
        found |= _outputs(graph, node, found, known.get(node.name), width)
    return found


def _outputs(
    graph: Graph, node: Node, found: Mapping[str, Spread], norm: Norm | None, width: float
) -> dict[str, Spread]:
    activation = getattr(node.op, "activation", Activation.NONE)
    if norm is not None:
        made = normal(norm.mean, norm.deviation, width)
    elif isinstance(node.op, MATRICES) and node.inputs[0] in found:
        made = weighted(graph, node, found[str(node.inputs[0])], width)
    elif isinstance(node.op, ops.Add) and all(name in found for name in node.inputs):
        made = _added(*(found[name or ""] for name in node.inputs), width=width)
    elif isinstance(node.op, _MOVED) and str(node.inputs[node.op.SOURCE]) in found:
        return _moved(graph, node, found[str(node.inputs[node.op.SOURCE])])
    else:
        return _drawn(graph, node, found)
    return {node.output: clipped(made, *_CLIPS.get(activation, (-math.inf, math.inf)))}


def weighted(graph: Graph, node: Node, x: Spread, width: float = WIDTH) -> Spread:
    """What a weighted layer gives before its activation, its inputs taken as independent."""
    matrices = weight_matrices(graph, node, graph.input(node, 1).values).astype(np.float64)
    groups, _, taps = matrices.shape
    mean, deviation = (by_tap(values, groups, taps) for values in (x.mean, x.deviation))
    bias = graph.role(node, "bias")
    sums = np.einsum("gct,gt->gc", matrices, mean).reshape(-1)
    variance = np.einsum("gct,gt->gc", np.square(matrices), np.square(deviation)).reshape(-1)
    if bias is not None:
        sums = sums + bias.values
    return normal(sums, np.sqrt(variance), width)


def by_tap(values: Floats, groups: int, taps: int) -> Floats:
    """Values by input channel for each tap of each group: channels are innermost in a window."""
    own = values.reshape(groups, -1)
    return np.tile(own, (1, taps // own.shape[1]))


def _added(one: Spread, other: Spread, *, width: float) -> Spread:
    mean, deviation = one.mean + other.mean, np.hypot(one.deviation, other.deviation)
    low = np.maximum(one.low + other.low, mean - width * deviation)
    high = np.minimum(one.high + other.high, mean + width * deviation)
    return Spread(mean, deviation, low, high)


def clipped(x: Spread, low: float, high: float) -> Spread:
    """The spread of clip(v, low, high) for v normal with this mean and deviation."""
    if (low, high) == (-math.inf, math.inf):
        return x
    below, above = _moments_above(x, low), _moments_above(x, high)
    mean = low + below[0] - above[0]
    # E[(clip - low)^2] = E[(v - low)+^2] - E[(v - high)+^2] - 2 (high - low) E[(v - high)+]
    gap = high - low if math.isfinite(high) else 0.0
    square = below[1] - above[1] - 2 * gap * above[0]
    variance = np.maximum(square - np.square(mean - low), 0.0)
    bounds = np.clip(x.low, low, high), np.clip(x.high, low, high)
    return Spread(mean, np.sqrt(variance), *bounds)


def _moments_above(x: Spread, level: float) -> tuple[Floats, Floats]:
    """E[(v - level)+] and E[(v - level)+^2]."""
    if not math.isfinite(level):
        return np.zeros_like(x.mean), np.zeros_like(x.mean)
    deviation = np.maximum(x.deviation, 1e-12)
    at = (x.mean - level) / deviation
    density = np.exp(-0.5 * np.square(at)) / math.sqrt(2 * math.pi)
    share = 0.5 * (1 + _erf(at / math.sqrt(2)))
    first = deviation * (at * share + density)
    second = np.square(deviation) * ((np.square(at) + 1) * share + at * density)
    return np.maximum(first, 0.0), np.maximum(second, 0.0)


_erf = np.vectorize(math.erf, otypes=[np.float64])


def _moved(graph: Graph, node: Node, x: Spread) -> dict[str, Spread]:
    """Values that are moved, pooled or averaged: channel by channel where channels stay, else of
    all channels together. The range stays the input's: neighbours in an image go together."""
    found = {}
    for name in node.outputs:
        count = graph[name].shape[-1]
        if count % len(x.mean) == 0:
            found[name] = Spread(*(np.tile(v, count // len(x.mean)) for v in _fields(x)))
        else:
            deviation = math.sqrt(float(np.square(x.deviation).mean() + x.mean.var()))
            whole = (float(x.mean.mean()), deviation, *x.range)
            found[name] = Spread(*(np.full(count, value) for value in whole))
    return found


def _fields(x: Spread) -> tuple[Floats, Floats, Floats, Floats]:
    return x.mean, x.deviation, x.low, x.high


def _drawn(graph: Graph, node: Node, found: Mapping[str, Spread]) -> dict[str, Spread]:
    """The spreads of a node's results on random operands, the ends of their ranges among them."""
    if any(name not in found and not graph[name].constant for name in node.inputs if name):
        return {}
    kernel = build(graph, node)
    random = np.random.default_rng(0)
    parts: dict[str, list[NDArray[np.float32]]] = {name: [] for name in node.outputs}
    for draw in range(DRAWS):
        values = {
            name: _draw(graph[name].shape, found[name], random, draw)
            for name in node.inputs
            if name is not None and name in found
        }
        results = named_results(node, kernel(*operands(graph, node, values)))
        for name, array in results.items():
            parts[name].append(array)
    return {
        name: _seen(np.stack(arrays))
        for name, arrays in parts.items()
        if np.issubdtype(arrays[0].dtype, np.floating)
    }


def _draw(
    shape: tuple[int, ...], x: Spread, random: np.random.Generator, draw: int
) -> NDArray[np.float32]:
    """Normal values within each channel's range; the first two draws are the range's ends."""
    ends = (x.low, x.high)
    drawn = random.normal(x.mean, x.deviation, shape)
    values = np.broadcast_to(ends[draw], shape) if draw < 2 else np.clip(drawn, *ends)
    return values.astype(np.float32)


def _seen(values: NDArray[np.float32]) -> Spread:
    rows = values.reshape(-1, values.shape[-1]).astype(np.float64)
    return Spread(rows.mean(axis=0), rows.std(axis=0), rows.min(axis=0), rows.max(axis=0))
