"""Int8 SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM out of float ones, in tflite-micro's formats.

Weights are int8 with one scale, biases int32 in steps of input times weights. An LSTM's hidden
state is stored as its output, its cell in 16 bits in steps of a power of two; an SVDF's state and
time weights have 16 bits too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Svdf, UnidirectionalSequenceLstm
from edgekit.converter.ir.ops_recurrent import GATES
from edgekit.converter.lstm import operand
from edgekit.converter.quantize.params import (
    MAX_BIAS,
    constant_values,
    half_ranges,
    integers,
    quantize_array,
    symmetric,
)
from edgekit.converter.quantize.scheme import INT8_WEIGHTS, Format
from edgekit.errors import UnsupportedError

WIDE = Format(DType.INT16, -32767, 32767, symmetric=True)
SMALLEST_CELL = 8.0
"""Calibration sees a cell after the last step alone: it may be larger before."""

Range = tuple[float, float]


def wide_states(graph: Graph, ranges: Mapping[str, Range]) -> dict[str, Quant]:
    """Quantization of the tensors that are int16: cells, and states of SVDFs, read and written."""
    found: dict[str, Quant] = {}
    for node in graph.nodes:
        if not node.op.STATES:
            continue
        read, written = str(node.inputs[node.op.STATES[-1]]), node.outputs[-1]
        peak = max(abs(bound) for name in (read, written) for bound in ranges.get(name, (0.0, 0.0)))
        if isinstance(node.op, UnidirectionalSequenceLstm):
            power = math.ceil(math.log2(max(2 * peak, SMALLEST_CELL))) - 15
            quant = Quant.per_tensor(2.0**power, 0)
        else:
            quant = symmetric(np.array([peak]), WIDE, None)
        found |= {read: quant, written: quant}
    return found


def parameters(graph: Graph, node: Node, quants: Mapping[str, Quant]) -> dict[str, Tensor]:
    """The node's constant operands as integers, by their names in the float graph."""
    if isinstance(node.op, Svdf):
        return _svdf(graph, node, quants)
    source = quants[graph.input(node).name]
    made: dict[str, Tensor] = {}
    for gate in GATES:
        weights = _weights(operand(graph, node, f"weights_{gate}"))
        recurrent = _weights(operand(graph, node, f"recurrent_{gate}"))
        assert weights.quant is not None
        bias = _bias(operand(graph, node, f"bias_{gate}"), source.scale * weights.quant.scale)
        made |= {tensor.name: tensor for tensor in (weights, recurrent, bias)}
    return made


def _svdf(graph: Graph, node: Node, quants: Mapping[str, Quant]) -> dict[str, Tensor]:
    weights = _weights(operand(graph, node, "weights"))
    times = _weights(operand(graph, node, "weights_time"), WIDE)
    made = {weights.name: weights, times.name: times}
    bias = graph.role(node, "bias")
    if bias is not None:
        assert times.quant is not None
        state = quants[operand(graph, node, "state").name]
        made[bias.name] = _bias(bias, state.scale * times.quant.scale)
    return made


def _weights(tensor: Tensor, form: Format = INT8_WEIGHTS) -> Tensor:
    values = constant_values(tensor)
    quant = symmetric(half_ranges(values, None), form, None)
    stored = quantize_array(values, quant, form)
    return Tensor(tensor.name, tensor.shape, form.dtype, quant, stored)


def _bias(tensor: Tensor, scale: float) -> Tensor:
    steps: NDArray[np.float64] = integers(constant_values(tensor), np.array([scale]))
    stored = np.clip(steps, -MAX_BIAS, MAX_BIAS).astype(np.int32)
    return Tensor(tensor.name, tensor.shape, DType.INT32, Quant.per_tensor(scale, 0), stored)


def check_recurrent(node: Node) -> None:
    """Raise UnsupportedError for an SVDF that has no int8 form."""
    if isinstance(node.op, Svdf) and node.op.activation is not Activation.RELU:
        raise UnsupportedError(
            f"{node.op.NAME} {node.name}",
            f"activation {node.op.activation}",
            allowed="RELU, where it is to be int8",
            hint="train it with a ReLU, or keep the model in float32 (--precision float32)",
            code="recurrent-quantization",
        )
