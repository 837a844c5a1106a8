"""Legacy uint8 graphs as int8 graphs with the same arithmetic.

An activation's stored value and zero point both fall by 128: the real value stays. Weights become
symmetric int8 where each fits into -127..127 after its zero point is taken off; else they stay as
they are. Averages round halves up, as they did.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor
from edgekit.converter.load.rewire import bypass
from edgekit.errors import UnsupportedError

_WEIGHTED = (ops.Conv2D, ops.DepthwiseConv2D, ops.FullyConnected, ops.TransposeConv)


def is_legacy(graph: Graph) -> bool:
    """Whether any value of the graph but weights is uint8."""
    return any(graph[name].dtype is DType.UINT8 for name in graph.activations())


def uint8_to_int8(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """The int8 graph that computes what the uint8 graph computes, and notes about it.

    Convolutions, fully connected layers, ADD, MUL, AVERAGE_POOL_2D and data movement are exact; a
    MEAN that lies halfway between two steps may round the other way. Raises UnsupportedError for
    uint8 tensors with several scales, and for a TRANSPOSE_CONV's weights that do not fit int8.
    """
    weights = {node.inputs[1]: node for node in graph.nodes if isinstance(node.op, _WEIGHTED)}
    tensors = []
    for tensor in graph.tensors.values():
        if tensor.dtype is DType.UINT8:
            _check_per_tensor(graph, tensor)
            reader = weights.get(tensor.name) if tensor.constant else None
            made = _shifted(tensor) if reader is None else _symmetric(graph, reader, tensor)
            tensors.append(made)
    graph = replace(graph, states=tuple(_shifted_state(state) for state in graph.states))
    nodes = tuple(_halves_up(graph, node) for node in graph.nodes)
    graph = replace(graph, nodes=nodes)
    converted = _without_identities(graph.with_tensors(*tensors))
    return converted, _notes(graph, converted)


def _check_per_tensor(graph: Graph, tensor: Tensor) -> None:
    if tensor.quant is not None and tensor.quant.axis is not None:
        raise UnsupportedError(
            f"{graph.name}: tensor {tensor.name}",
            "uint8, quantized per channel",
            allowed="uint8 with one scale",
            hint="start from the float model",
            code="legacy-uint8",
        )


def _shifted(tensor: Tensor) -> Tensor:
    quant = tensor.quant
    if quant is not None:
        quant = Quant.per_tensor(quant.scale, quant.zero_point - 128)
    data = tensor.data
    if data is not None:
        data = (data.astype(np.int16) - 128).astype(np.int8)
    return replace(tensor, dtype=DType.INT8, quant=quant, data=data)


def _shifted_state(state: State) -> State:
    if state.initial.dtype != np.uint8:
        return state
    return replace(state, initial=(state.initial.astype(np.int16) - 128).astype(np.int8))


def _halves_up(graph: Graph, node: Node) -> Node:
    if isinstance(node.op, ops.AveragePool2D) and graph.input(node).dtype is DType.UINT8:
        return replace(node, op=replace(node.op, half_up=True))
    return node


def _symmetric(graph: Graph, reader: Node, tensor: Tensor) -> Tensor:
    zero = 128 if tensor.quant is None else tensor.quant.zero_point
    centred = tensor.values.astype(np.int16) - zero
    low, high = int(centred.min()), int(centred.max())
    if (low < -127 or high > 127) and not isinstance(reader.op, ops.TransposeConv):
        return tensor
    if low < -127 or high > 127:
        raise UnsupportedError(
            f"{graph.name}: tensor {tensor.name}",
            f"legacy uint8 weights span {low}..{high} around their zero point {zero}",
            allowed="-127..127, so that int8 holds them exactly",
            hint="convert it with --requantize and calibration data, or start from the float model",
            code="legacy-uint8",
        )
    scale = 1.0 if tensor.quant is None else tensor.quant.scale
    quant = Quant.per_tensor(scale, 0)
    return replace(tensor, dtype=DType.INT8, quant=quant, data=centred.astype(np.int8))


def _without_identities(graph: Graph) -> Graph:
    """Drop each QUANTIZE whose two sides have become the same."""
    same = [
        node.name
        for node in graph.nodes
        if isinstance(node.op, ops.Quantize)
        and graph.input(node).dtype is graph.output(node).dtype
        and graph.input(node).quant == graph.output(node).quant
    ]
    return bypass(graph, same)


def _notes(before: Graph, after: Graph) -> tuple[str, ...]:
    notes = ["legacy uint8 values became int8: each stored value is 128 lower"]
    inputs = [name for name in before.inputs if before[name].dtype is DType.UINT8]
    if inputs:
        notes.append(f"subtract 128 from uint8 data for {', '.join(inputs)}")
    if any(isinstance(node.op, ops.Mean) for node in after.nodes):
        notes.append("means exactly halfway between two steps may round the other way")
    return tuple(notes)
