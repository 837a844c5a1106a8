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


@dataclass(frozen=True, slots=True)
class Stays:
    """Why a layer with signs for inputs is none of packed signs, and what to change."""

    found: str
    advice: str


def binarize(graph: Graph) -> Graph:
    """CONV_2D, FULLY_CONNECTED and BATCH_MATMUL of signs become LceBconv2d where each output
    channel's weights have one magnitude, which goes into the multiplier.

    Padding with 1 in front of a VALID convolution, and with 0 by either way, becomes the
    convolution's own where its amounts are those of SAME. A fused activation becomes a node of its
    own. What does not fit stays as it is.
    """
    for name in [node.name for node in graph.nodes]:
        node = next((n for n in graph.nodes if n.name == name), None)
        made = None if node is None else _binarized(graph, node)
        graph = made if isinstance(made, Graph) else graph
    return graph


def unpacked_layers(graph: Graph) -> tuple[tuple[Node, Stays], ...]:
    """The nodes of a binarized graph that have signs for inputs and multiply them as values."""
    tried = ((node, _binarized(graph, node)) for node in graph.nodes)
    return tuple((node, made) for node, made in tried if isinstance(made, Stays))


def _binarized(graph: Graph, node: Node) -> Graph | Stays | None:
    """The graph with an LceBconv2d for this node; None where it multiplies no signs."""
    if isinstance(node.op, ops.Conv2D):
        return _convolution(graph, node)
    if isinstance(node.op, ops.FullyConnected | ops.BatchMatmul):
        return _product(graph, node)
    if isinstance(node.op, ops.DepthwiseConv2D) and _source(graph, node) is not None:
        return Stays(
            "a depthwise convolution of signs has no packed form",
            "a full 3x3 convolution of signs has weights as small; or leave this layer real",
        )
    return None


def _convolution(graph: Graph, node: Node) -> Graph | Stays | None:
    assert isinstance(node.op, ops.Conv2D)
    signs, weights = _source(graph, node), graph.input(node, 1)
    if signs is None:
        return None
    padded = graph.producer(node.inputs[0] or "")
    pad = None if padded is signs else padded
    window = _window(graph, node, pad, graph.output(signs))
    if isinstance(window, Stays):
        return window
    depth, own = graph.output(signs).shape[3], weights.shape[3]
    if own < depth and own % WORD:
        return Stays(f"groups of {own} channels", f"make a group's channels a multiple of {WORD}")
    if window.pad_values == 0 and window.padding is Padding.SAME and own % 2:
        return Stays(
            f"padding of zeros around {own} channels",
            "pad with +1, or make the channels an even number",
        )
    return _replaced(graph, node, signs.inputs[0] or "", depth, weights, window)


def _source(graph: Graph, node: Node) -> Node | None:
    """The LceDequantize that the node reads, or that the padding in front of it reads."""
    found = graph.producer(node.inputs[0] or "")
    if found is not None and isinstance(found.op, ops.Pad | ops.PadV2):
        return _signs(graph, found)
    return _signs(graph, node)


def _signs(graph: Graph, node: Node) -> Node | None:
    """The LceDequantize that the node reads."""
    producer = graph.producer(node.inputs[0] or "")
    found = producer is not None and isinstance(producer.op, ops.LceDequantize)
    return producer if found else None


def _window(graph: Graph, node: Node, pad: Node | None, x: Tensor) -> _Window | Stays:
    """The convolution over the signs `x` themselves, with SAME padding or none."""
    op = node.op
    assert isinstance(op, ops.Conv2D)
    strides, dilations = (op.stride_h, op.stride_w), (op.dilation_h, op.dilation_w)
    if pad is None:
        return _Window(op.padding, 0, strides, dilations)
    value = _pad_value(graph, pad)
    if value not in (0.0, 1.0):
        return Stays(f"padding with {value:g}", "pad with +1")
    amounts = np.asarray(graph.input(pad, 1).values).reshape(-1, 2).tolist()
    kernel = graph.input(node, 1).shape[1:3]
    wanted = [[0, 0]]
    for axis in (0, 1):
        size, taps, step, apart = x.shape[1 + axis], kernel[axis], strides[axis], dilations[axis]
        before = padding_before(size, taps, step, apart, Padding.SAME)
        outputs = output_extent(size, taps, step, apart, Padding.SAME)
        total = max((outputs - 1) * step + (taps - 1) * apart + 1 - size, 0)
        wanted.append([before, total - before])
    wanted.append([0, 0])
    if amounts != wanted or op.padding is Padding.SAME:
        return Stays(
            f"padding by {amounts[1:3]}", f"pad as SAME would: by {wanted[1:3]}, or not at all"
        )
    return _Window(Padding.SAME, int(value), strides, dilations)


def _pad_value(graph: Graph, pad: Node) -> float:
    if isinstance(pad.op, ops.Pad):
        return 0.0
    values = graph.input(pad, 2)
    return float(values.values.reshape(-1)[0]) if values.constant else np.nan


def _product(graph: Graph, node: Node) -> Graph | Stays | None:
    """A matrix product, as a 1x1 convolution over images of one pixel."""
    signs, weights = _signs(graph, node), graph.input(node, 1)
    if signs is None:
        return None
    if weights.data is None:
        return _NO_CONSTANT
    x, rows = graph.output(signs), weights.values
    if isinstance(node.op, ops.BatchMatmul) and rows.ndim == 2:
        rows = rows if node.op.adj_y else rows.T
    plain = len(x.shape) == rows.ndim == len(graph.output(node).shape) == 2
    turned = isinstance(node.op, ops.BatchMatmul) and node.op.adj_x
    if not plain or turned or rows.shape[1] != x.shape[1]:
        found = f"a product of {list(x.shape)} and {list(weights.shape)}"
        return Stays(found, "flatten the input: one row of signs for each sample")
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
    filters = replace(weights, shape=taps.shape, data=taps)
    return _replaced(wider, conv, packed.name, depth, filters, _Window(Padding.VALID, 1))


_NO_CONSTANT = Stays("weights or a bias that are no constants", "train them as weights")


def _replaced(
    graph: Graph, node: Node, packed: str, depth: int, filters: Tensor, window: _Window
) -> Graph | Stays:
    """The graph with an LceBconv2d in place of `node`; the weights have to be signs."""
    bias = graph.role(node, "bias")
    if filters.data is None or (bias is not None and bias.data is None):
        return _NO_CONSTANT
    weights = filters.values
    real = weights.astype(np.float64).reshape(len(weights), -1)
    magnitude = np.abs(real).mean(axis=1)
    apart = np.abs(np.abs(real) - magnitude[:, None]).max(axis=1)
    if np.any(apart > TOLERANCE * magnitude):
        return Stays(
            "weights of one output channel differ in their magnitudes",
            "binarize the kernel as well (its signs, times one factor per output channel)",
        )
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
