"""What follows a binarized convolution: scales, maxima and signs, folded into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.binary_ends import output_end
from edgekit.converter.bits import pack_bits, unpack_bits, words
from edgekit.converter.compress.edit import constant_operand, named, only_reader
from edgekit.converter.interpret.binary import finish
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.shapes_binary import groups, taps


def scale_before_pool(graph: Graph) -> Graph:
    """MUL by positive constants and ADD, per channel, go in front of a MAX_POOL_2D over an
    LceBconv2d: neither changes which value is largest, and there they are folded."""
    for name in [node.name for node in graph.nodes if isinstance(node.op, ops.MaxPool2D)]:
        while True:
            made = _scaled_before(graph, named(graph, name))
            if made is None:
                break
            graph = made
    return graph


def _scaled_before(graph: Graph, pool: Node) -> Graph | None:
    source, reader = pool.inputs[0] or "", only_reader(graph, pool.output)
    assert isinstance(pool.op, ops.MaxPool2D)
    if reader is None or pool.op.activation is not Activation.NONE:
        return None
    if only_reader(graph, source) is not pool or not _counted(graph, source):
        return None
    values = _per_channel(graph, reader, graph[source].shape[-1])
    raises = values is not None and (isinstance(reader.op, ops.Add) or bool(np.all(values > 0)))
    if not raises or graph.output(reader).shape != graph.output(pool).shape:
        return None
    scaled = replace(graph[source], name=f"{reader.name}_before")
    inputs = tuple(source if x == pool.output else x for x in reader.inputs)
    first = Node(scaled.name, reader.op, inputs, (scaled.name,))
    second = replace(pool, inputs=(scaled.name,), outputs=reader.outputs)
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += (first, second) if node is pool else () if node is reader else (node,)
    return graph.with_tensors(scaled).with_nodes(nodes)


def _counted(graph: Graph, name: str) -> bool:
    """Whether an LceBconv2d gives it, with or without scales behind."""
    node = graph.producer(name)
    while node is not None and isinstance(node.op, ops.Mul | ops.Add):
        found = constant_operand(graph, node)
        node = graph.producer(node.inputs[1 - found[0]] or "") if found else None
    return node is not None and isinstance(node.op, ops.LceBconv2d)


def fold_multipliers(graph: Graph) -> Graph:
    """MUL and ADD by constants per channel behind an LceBconv2d go into its multiplier and bias."""
    for name in [node.name for node in graph.nodes]:
        while True:
            node = next((n for n in graph.nodes if n.name == name), None)
            if node is None or not isinstance(node.op, ops.LceBconv2d):
                break
            made = _folded(graph, node)
            if made is None:
                break
            graph = made
    return graph


def _folded(graph: Graph, node: Node) -> Graph | None:
    reader = only_reader(graph, node.output)
    multiplier, bias = graph.role(node, "multiplier"), graph.role(node, "bias")
    if reader is None or multiplier is None or bias is None:
        return None
    values = _per_channel(graph, reader, multiplier.size)
    if values is None or graph.output(reader).shape != graph.output(node).shape:
        return None
    factor = multiplier.values.astype(np.float64)
    moved = bias.values.astype(np.float64)
    if isinstance(reader.op, ops.Mul):
        factor, moved = factor * values, moved * values
    else:
        moved = moved + values
    constants = (_renewed(multiplier, factor), _renewed(bias, moved))
    made = replace(node, outputs=reader.outputs)
    nodes = [made if n is node else n for n in graph.nodes if n is not reader]
    return graph.with_tensors(*constants).with_nodes(nodes)


def _per_channel(graph: Graph, reader: Node, channels: int) -> NDArray[np.float64] | None:
    """The constant of a plain MUL or ADD, if it has one value for all or for each channel."""
    if not isinstance(reader.op, ops.Mul | ops.Add) or reader.op.activation is not Activation.NONE:
        return None
    found = constant_operand(graph, reader)
    if found is None or found[1].dtype is not DType.FLOAT32:
        return None
    values = found[1].values.astype(np.float64)
    if values.size == 1:
        return np.full(channels, values.reshape(-1)[0])
    last = values.shape[-1] if values.shape else 0
    return values.reshape(-1) if last == values.size == channels else None


def _renewed(tensor: Tensor, values: NDArray[np.float64]) -> Tensor:
    return replace(tensor, data=values.astype(np.float32))


def pool_signs(graph: Graph) -> Graph:
    """A MAX_POOL_2D that only LceQuantize reads becomes an LceBMaxPool2d behind it: the sign of
    the largest is the largest sign, and signs are 32 times smaller."""
    for node in graph.nodes:
        readers = graph.consumers(node.output)
        quantized = len(readers) == 1 and isinstance(readers[0].op, ops.LceQuantize)
        plain = isinstance(node.op, ops.MaxPool2D) and node.op.activation is Activation.NONE
        if plain and quantized and node.output not in graph.results:
            graph = _pooled(graph, node, readers[0])
    return graph


def _pooled(graph: Graph, pool: Node, quantize: Node) -> Graph:
    op, x = pool.op, graph.input(pool)
    assert isinstance(op, ops.MaxPool2D)
    signs = Tensor(f"{pool.name}_signs", (*x.shape[:3], words(x.shape[3])), DType.INT32)
    first = Node(signs.name, ops.LceQuantize(), pool.inputs, (signs.name,))
    window = (op.filter_h, op.filter_w, op.stride_h, op.stride_w)
    second = Node(
        pool.name, ops.LceBMaxPool2d(op.padding, *window), (signs.name,), quantize.outputs
    )
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += (first, second) if node is pool else () if node is quantize else (node,)
    return graph.with_tensors(signs).with_nodes(nodes)


def thresholds(graph: Graph) -> Graph:
    """An LceBconv2d that only LceQuantize reads gives packed signs itself.

    Its output falls with the count of differing bits, or, under a negative multiplier and flipped
    weights, with the count of equal ones: the largest count that leaves it at 0 or above is the
    threshold, computed as the operator computes outputs. Padding of zeros has no packed form.
    """
    for name in [node.name for node in graph.nodes]:
        node = next((n for n in graph.nodes if n.name == name), None)
        if node is None or not isinstance(node.op, ops.LceBconv2d):
            continue
        readers = graph.consumers(node.output)
        signs = [r for r in readers if isinstance(r.op, ops.LceQuantize)]
        if not signs or len(signs) < len(readers) or node.output in graph.results:
            continue
        if node.op.padding is Padding.VALID or node.op.pad_values == 1:
            graph = _packed(graph, node, signs)
    return graph


def _packed(graph: Graph, node: Node, signs: list[Node]) -> Graph:
    op, weights = node.op, graph.input(node, 1)
    multiplier = graph.input(node, 2)
    assert isinstance(op, ops.LceBconv2d)
    negative = multiplier.values.astype(np.float32).reshape(-1) < 0
    flipped = _flipped(weights, negative, op.channels_in // groups(graph, node))
    limits = Tensor(f"{node.name}_threshold", multiplier.shape, DType.INT32, None,
                    _limits(graph, node))  # fmt: skip
    output = graph.output(node)
    whole = replace(output, dtype=DType.INT32, shape=(*output.shape[:3], words(output.shape[3])))
    inputs = (node.inputs[0], flipped.name, None, None, limits.name)
    made = replace(node, inputs=inputs)
    renamed = {other.output: node.output for other in signs}
    nodes = [
        replace(n, inputs=tuple(renamed.get(x or "", x) for x in n.inputs))
        for n in (made if n is node else n for n in graph.nodes if n not in signs)
    ]
    graph = graph.with_tensors(whole, flipped, limits)
    outputs = tuple(renamed.get(x, x) for x in graph.outputs)
    return replace(graph, outputs=outputs).with_nodes(nodes)


def _limits(graph: Graph, node: Node) -> NDArray[np.int32]:
    """For each channel the largest count at which the output is not negative; -1 where there is
    none. Channels with a negative multiplier count equal bits."""
    count, end = taps(graph, node), output_end(graph, node)
    acc = np.arange(count + 1, dtype=np.int64)[:, None]
    equal = end.multiplier > 0  # its sign is the other one's: outputs fall with the count
    outputs = finish(np.where(equal, count - acc, acc), end)
    kept: NDArray[np.int32] = np.sum(outputs >= 0, axis=0, dtype=np.int32)
    return kept - np.int32(1)


def _flipped(weights: Tensor, negative: NDArray[np.bool_], own: int) -> Tensor:
    """The weights with other signs in these channels."""
    bits = unpack_bits(weights.values.astype(np.int32), own) ^ negative[:, None, None, None]
    return replace(weights, data=pack_bits(bits))
