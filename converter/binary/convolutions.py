"""Convolutions and matrix products of signs with signs, which become LceBconv2d."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.bits import WORD, pack_bits, words
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.shapes import output_extent, padding_before

TOLERANCE = 0.005
"""Relative; magnitudes of one output channel's weights may differ by so much, as in LCE."""
_CLAMPS = {
    Activation.RELU: ops.Relu,
    Activation.RELU6: ops.Relu6,
    Activation.RELU_N1_TO_1: ops.ReluN1To1,
}


@dataclass(frozen=True, slots=True)
class _Window:
    """How a convolution goes over its signs."""

    padding: Padding
    pad_values: int
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)


def binarize(graph: Graph) -> Graph:
    """CONV_2D, FULLY_CONNECTED and BATCH_MATMUL of signs become LceBconv2d where each output
    channel's weights have one magnitude, which goes into the multiplier.

    Padding with 1 in front of a VALID convolution, and with 0 by either way, becomes the
    convolution's own where its amounts are those of SAME. A fused activation becomes a node of its
    own. What does not fit stays as it is.
    """
    for name in [node.name for node in graph.nodes]:
        node = next((n for n in graph.nodes if n.name == name), None)
        if node is None:
            continue
        made = _convolution(graph, node) if isinstance(node.op, ops.Conv2D) else None
        if isinstance(node.op, ops.FullyConnected | ops.BatchMatmul):
            made = _product(graph, node)
        graph = made or graph
    return graph


def _convolution(graph: Graph, node: Node) -> Graph | None:
    assert isinstance(node.op, ops.Conv2D)
    padded = graph.producer(node.inputs[0] or "")
    pad = padded if padded is not None and isinstance(padded.op, ops.Pad | ops.PadV2) else None
    signs = _signs(graph, node if pad is None else pad)
    weights = graph.input(node, 1)
    window = None if signs is None else _window(graph, node, pad, graph.output(signs))
    if signs is None or window is None or weights.data is None:
        return None
    depth, own = graph.output(signs).shape[3], weights.shape[3]
    if own < depth and own % WORD:
        return None
    if window.pad_values == 0 and window.padding is Padding.SAME and own % 2:
        return None
    return _replaced(graph, node, signs.inputs[0] or "", depth, weights.values, window)


def _signs(graph: Graph, node: Node) -> Node | None:
    """The LceDequantize that the node reads."""
    producer = graph.producer(node.inputs[0] or "")
    found = producer is not None and isinstance(producer.op, ops.LceDequantize)
    return producer if found else None


def _window(graph: Graph, node: Node, pad: Node | None, x: Tensor) -> _Window | None:
    """The convolution over the signs `x` themselves; None where padding is no SAME."""
    op = node.op
    assert isinstance(op, ops.Conv2D)
    strides, dilations = (op.stride_h, op.stride_w), (op.dilation_h, op.dilation_w)
    if pad is None:
        return _Window(op.padding, 0, strides, dilations)
    value = _pad_value(graph, pad)
    if op.padding is Padding.SAME or value not in (0.0, 1.0):
        return None
    amounts = np.asarray(graph.input(pad, 1).values).reshape(-1, 2).tolist()
    kernel = graph.input(node, 1).shape[1:3]
    wanted = [[0, 0]]
    for axis in (0, 1):
        size, taps, step, apart = x.shape[1 + axis], kernel[axis], strides[axis], dilations[axis]
        before = padding_before(size, taps, step, apart, Padding.SAME)
        outputs = output_extent(size, taps, step, apart, Padding.SAME)
        total = max((outputs - 1) * step + (taps - 1) * apart + 1 - size, 0)
        wanted.append([before, total - before])
    if amounts != [*wanted, [0, 0]]:
        return None
    return _Window(Padding.SAME, int(value), strides, dilations)


def _pad_value(graph: Graph, pad: Node) -> float:
    if isinstance(pad.op, ops.Pad):
        return 0.0
    values = graph.input(pad, 2)
    return float(values.values.reshape(-1)[0]) if values.constant else np.nan


def _product(graph: Graph, node: Node) -> Graph | None:
    """A matrix product, as a 1x1 convolution over images of one pixel."""
    signs, weights = _signs(graph, node), graph.input(node, 1)
    if signs is None or weights.data is None or weights.data.ndim != 2:
        return None
    x = graph.output(signs)
    if len(x.shape) != 2 or x.constant:
        return None
    rows = weights.values
    if isinstance(node.op, ops.BatchMatmul):
        if node.op.adj_x:
            return None
        rows = rows if node.op.adj_y else rows.T
    if rows.shape[1] != x.shape[1] or len(graph.output(node).shape) != 2:
        return None
    quantize = graph.producer(signs.inputs[0] or "")
    assert quantize is not None
    batch, depth = x.shape
    image = Tensor(f"{node.name}_image", (batch, 1, 1, depth), DType.FLOAT32)
    packed = Tensor(f"{node.name}_packed", (batch, 1, 1, words(depth)), DType.INT32)
    source = Node(image.name, ops.Reshape(), quantize.inputs[:1], (image.name,))
    again = Node(packed.name, ops.LceQuantize(), (image.name,), (packed.name,))
    output = graph.output(node)
    pixel = replace(output, name=f"{node.name}_pixel", shape=(batch, 1, 1, output.shape[1]))
    back = Node(node.name, ops.Reshape(), (pixel.name,), node.outputs)
    conv = replace(node, name=pixel.name, outputs=(pixel.name,))
    nodes = [m for n in graph.nodes for m in ((source, again, conv, back) if n is node else (n,))]
    wider = replace(graph.with_tensors(image, packed, pixel), nodes=tuple(nodes))
    taps = np.ascontiguousarray(rows).reshape(rows.shape[0], 1, 1, depth)
    return _replaced(wider, conv, packed.name, depth, taps, _Window(Padding.VALID, 1))


def _replaced(
    graph: Graph,
    node: Node,
    packed: str,
    depth: int,
    weights: NDArray[np.generic],
    window: _Window,
) -> Graph | None:
    """The graph with an LceBconv2d in place of `node`, or None where the weights are no signs."""
    real = weights.astype(np.float64).reshape(len(weights), -1)
    magnitude = np.abs(real).mean(axis=1)
    if np.any(np.abs(np.abs(real) - magnitude[:, None]) > TOLERANCE * magnitude[:, None]):
        return None
    bias = graph.role(node, "bias")
    if bias is not None and bias.data is None:
        return None
    zeros = np.zeros(len(weights), np.float32)
    moved = zeros if bias is None else bias.values.astype(np.float32).reshape(-1)
    constants = (
        _constant(f"{node.name}_signs", pack_bits(weights.astype(np.float64) < 0)),
        _constant(f"{node.name}_multiplier", magnitude.astype(np.float32)),
        _constant(f"{node.name}_shift", moved),
    )
    op = ops.LceBconv2d(
        depth, window.padding, window.pad_values, *window.strides, *window.dilations
    )
    names = (packed, *(tensor.name for tensor in constants), None)
    made, extra = _apart(graph, replace(node, op=op, inputs=names), node)
    nodes = [m for n in graph.nodes for m in (made if n is node else (n,))]
    wider = replace(graph.with_tensors(*constants, *extra), nodes=tuple(nodes))
    return _without_unread(wider)


def _apart(graph: Graph, made: Node, node: Node) -> tuple[tuple[Node, ...], tuple[Tensor, ...]]:
    """The convolution, and the activation that was fused into it as a node of its own."""
    activation = getattr(node.op, "activation", Activation.NONE)
    if activation is Activation.NONE:
        return (made,), ()
    inner = replace(graph.output(node), name=f"{node.name}_sum")
    clamp = Node(node.name, _CLAMPS[activation](), (inner.name,), node.outputs)
    return (replace(made, name=inner.name, outputs=(inner.name,)), clamp), (inner,)


def _constant(name: str, values: NDArray[np.generic]) -> Tensor:
    return Tensor(name, values.shape, DType(str(values.dtype)), None, values)


def _without_unread(graph: Graph) -> Graph:
    """Without padding and unpacking that nobody reads any more."""
    kept, read = [], set(graph.results)
    for node in reversed(graph.nodes):
        helper = isinstance(node.op, ops.Pad | ops.PadV2 | ops.LceDequantize | ops.LceQuantize)
        if helper and node.output not in read:
            continue
        kept.append(node)
        read.update(name for name in node.inputs if name)
    return graph.with_nodes(reversed(kept))
