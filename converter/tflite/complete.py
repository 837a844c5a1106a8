"""What a file must hold although the IR can do without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.tflite.names import Namer


def with_biases(graph: Graph) -> Graph:
    """The graph whose every CONV_2D and SVDF has a bias: tflite-runtime and LiteRT refuse a
    CONV_2D without, tflite-micro crashes in an SVDF.

    Added biases are zeros, with the element type and scale that TFLite's specifications ask for.
    """
    namer = Namer(graph.tensors)
    added: list[Tensor] = []
    nodes = []
    for node in graph.nodes:
        if isinstance(node.op, ops.Conv2D) and graph.operand(node, 2) is None:
            bias = _zeros(graph, node, namer.unique(f"{node.name}_bias"))
            added.append(bias)
            node = replace(node, inputs=(*node.inputs[:2], bias.name))
        if isinstance(node.op, ops.Svdf) and graph.operand(node, 3) is None:
            bias = _svdf_zeros(graph, node, namer.unique(f"{node.name}_bias"))
            added.append(bias)
            node = replace(node, inputs=(*node.inputs[:3], bias.name, *node.inputs[4:]))
        nodes.append(node)
    return replace(graph.with_tensors(*added), nodes=tuple(nodes)) if added else graph


def _svdf_zeros(graph: Graph, node: Node, name: str) -> Tensor:
    count = graph.output(node).shape[-1]
    state, times = graph.input(node, 4).quant, graph.input(node, 2).quant
    if state is None or times is None:
        return Tensor(name, (count,), DType.FLOAT32, None, np.zeros(count, np.float32))
    quant = Quant.per_tensor(state.scale * times.scale, 0)
    return Tensor(name, (count,), DType.INT32, quant, np.zeros(count, np.int32))


def _zeros(graph: Graph, node: Node, name: str) -> Tensor:
    x, weights = graph.input(node), graph.input(node, 1)
    count = weights.shape[0]
    if x.quant is None or weights.quant is None:
        return Tensor(name, (count,), DType.FLOAT32, None, np.zeros(count, np.float32))
    scales = [x.quant.scale * scale for scale in weights.quant.scales]
    per_tensor = weights.quant.axis is None
    quant = Quant.per_tensor(scales[0], 0) if per_tensor else Quant.per_channel(scales, 0)
    # int16 activations take another path, rounded otherwise, where the bias is int32.
    dtype = DType.INT64 if x.dtype is DType.INT16 else DType.INT32
    return Tensor(name, (count,), dtype, quant, np.zeros(count, dtype.numpy))
