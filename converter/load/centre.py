"""Int8 weights that TFLite's kernels take and the graph's rules do not, in the form of the rules.

FULLY_CONNECTED subtracts the weights' zero point; where the differences fit int8 they are stored
instead. A scale of 0 makes every product of its channel 0: so do weights and a bias of 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.errors import UnsupportedError

_WEIGHTED = (ops.Conv2D, ops.DepthwiseConv2D, ops.FullyConnected)


def centre_weights(graph: Graph) -> Graph:
    """The graph with such weights rewritten; it computes the same.

    Raises UnsupportedError for a zero point that int8 has no room for.
    """
    for node in graph.nodes:
        weights = graph.operand(node, 1) if isinstance(node.op, _WEIGHTED) else None
        if weights is None or not weights.constant or weights.dtype is not DType.INT8:
            continue
        if weights.quant is not None and isinstance(node.op, ops.FullyConnected):
            graph = graph.with_tensors(_centred(graph, weights, weights.quant))
        if weights.quant is not None and 0 in weights.quant.scales:
            graph = _silenced(graph, node, graph.input(node, 1))
    return graph


def _centred(graph: Graph, weights: Tensor, quant: Quant) -> Tensor:
    if len(quant.scales) > 1 or not quant.zero_point:
        return weights
    values = weights.values.astype(np.int16) - quant.zero_point
    low, high = int(values.min()), int(values.max())
    if low < -128 or high > 127:
        raise UnsupportedError(
            f"{graph.name}: tensor {weights.name}",
            f"weights span {low}..{high} around their zero point {quant.zero_point}",
            allowed="-128..127, so that int8 holds them exactly",
            hint="convert it with --requantize and calibration data, or start from the float model",
            code="weights-zero-point",
        )
    return replace(weights, quant=Quant.per_tensor(quant.scale, 0), data=values.astype(np.int8))


def _silenced(graph: Graph, node: Node, weights: Tensor) -> Graph:
    """Channels with scale 0 get zeros and a scale like the others'."""
    quant, bias = weights.quant, graph.role(node, "bias")
    assert quant is not None
    silent = np.array(quant.scales) == 0
    usual = max(quant.scales) or 1.0
    scales = tuple(usual if scale == 0 else scale for scale in quant.scales)
    axis = quant.axis if len(scales) > 1 else None
    where = [1] * weights.values.ndim
    if axis is not None:
        where[axis] = -1
    values = np.where(silent.reshape(where), 0, weights.values).astype(weights.dtype.numpy)
    graph = graph.with_tensors(replace(weights, quant=replace(quant, scales=scales), data=values))
    if bias is None or bias.data is None or bias.quant is None:
        return graph
    sums = np.where(silent if len(silent) == bias.size else silent.all(), 0, bias.values)
    given = zip(bias.quant.scales, np.broadcast_to(silent, len(bias.quant.scales)), strict=True)
    known = tuple(usual if off or not scale else scale for scale, off in given)
    made = replace(bias, quant=replace(bias.quant, scales=known), data=sums.astype(np.int32))
    return graph.with_tensors(made)
