"""Where the references part from what EdgeKit follows, each with its reason: one row, one fact.

A node that a row names is not put to that reference; what comes after it is, on the values that
EdgeKit has there. `test_conformance_rows.py` shows that no row outlives its fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekit.converter.fixed_point import div_requant
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node

MICRO, RUNTIME, LITERT = "tflite-micro", "tflite-runtime", "litert"
"""LiteRT, which rounds FULLY_CONNECTED once, is asked for the rest of what both others refuse."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A node for which `holds` is true is refused by the reference, or computed otherwise."""

    reference: str
    operators: tuple[str, ...]
    kind: Literal["refuses", "differs"]
    holds: Callable[[Graph, Node], bool]
    reason: str


def _int8(graph: Graph, node: Node) -> bool:
    return graph.output(node).dtype is DType.INT8


def _int16(graph: Graph, node: Node) -> bool:
    return graph.output(node).dtype is DType.INT16


def _integer(graph: Graph, node: Node) -> bool:
    return graph.output(node).dtype is not DType.FLOAT32


def _always(graph: Graph, node: Node) -> bool:
    return True


def _int4(graph: Graph, node: Node) -> bool:
    return graph.input(node, 1).dtype is DType.INT4


def _int4_per_channel(graph: Graph, node: Node) -> bool:
    return _int4(graph, node) and _per_channel(graph, node)


def _per_channel(graph: Graph, node: Node) -> bool:
    quant = graph.input(node, 1).quant
    return quant is not None and quant.axis is not None


def _int16_without_bias(graph: Graph, node: Node) -> bool:
    return _int16(graph, node) and graph.role(node, "bias") is None


def _rescales(graph: Graph, node: Node) -> bool:
    return graph.input(node).quant != graph.output(node).quant


def _int16_rescales(graph: Graph, node: Node) -> bool:
    return _int16(graph, node) and _rescales(graph, node)


def _small_quotients(graph: Graph, node: Node) -> bool:
    """Whether a dividend of one step may be shifted right by more than 31 bits."""
    a, b, y = (graph[name or ""].quant for name in (*node.inputs, *node.outputs))
    if a is None or b is None or y is None:
        return False
    return div_requant(a, b, y).shift < 7


def _slope_in_float64(graph: Graph, node: Node) -> bool:
    """Whether float32 and float64 arithmetic give the operator another factor."""
    op, x, y = node.op, graph.input(node).quant, graph.output(node).quant
    if not isinstance(op, ops.LeakyRelu) or x is None or y is None:
        return False
    single = np.float32(x.scale) * np.float32(op.alpha) / np.float32(y.scale)
    double = x.scale * float(np.float32(op.alpha)) / y.scale
    return op.alpha < 0 or float(single) != double


ROWS: tuple[Deviation, ...] = (
    Deviation(
        MICRO,
        ("RELU_N1_TO_1", "RELU_0_TO_1", "TILE"),
        "refuses",
        _always,
        "has no such operator",
    ),
    Deviation(
        MICRO,
        ("GATHER", "MIRROR_PAD", "REDUCE_MAX", "REDUCE_MIN", "RESIZE_BILINEAR"),
        "refuses",
        _int16,
        "has this operator for int8 and float32 only",
    ),
    Deviation(
        RUNTIME,
        ("PRELU",),
        "refuses",
        _int16,
        "2.14 is older than int16 in this operator",
    ),
    Deviation(
        RUNTIME,
        ("TILE",),
        "refuses",
        _int16,
        "its reference kernel has no int16",
    ),
    Deviation(
        MICRO,
        ("RELU6",),
        "differs",
        _rescales,
        "clamps in the input's scale and ignores the output's",
    ),
    Deviation(
        MICRO,
        ("LEAKY_RELU",),
        "differs",
        _slope_in_float64,
        "takes the slope in float64, and rounds halves of a negative one otherwise; tflite-runtime"
        " is followed",
    ),
    Deviation(
        RUNTIME,
        ("ABS",),
        "differs",
        _int16_rescales,
        "takes the factor in float32; tflite-micro, which takes it in float64, is followed",
    ),
    Deviation(
        MICRO,
        ("FULLY_CONNECTED",),
        "refuses",
        _int4_per_channel,
        "takes int4 weights with one scale only",
    ),
    Deviation(
        RUNTIME,
        ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"),
        "refuses",
        _int4,
        "2.14 is older than int4 weights",
    ),
    Deviation(
        RUNTIME,
        ("FULLY_CONNECTED",),
        "differs",
        _per_channel,
        "2.14 takes the first scale for all channels; tflite-micro and LiteRT do not",
    ),
    Deviation(
        RUNTIME,
        ("FULLY_CONNECTED", "TRANSPOSE_CONV"),
        "differs",
        _int16_without_bias,
        "rounds int16 results as if they had an int32 bias; tflite-micro is followed",
    ),
    Deviation(
        RUNTIME,
        ("SUM",),
        "refuses",
        _int16_rescales,
        "takes int16 sums of one scale only; tflite-micro is followed",
    ),
    Deviation(
        RUNTIME,
        ("UNIDIRECTIONAL_SEQUENCE_LSTM",),
        "differs",
        _int8,
        "adds a gate's sums of inputs and hidden values before it rounds; tflite-micro is followed",
    ),
    Deviation(
        RUNTIME,
        ("ELU", "CEIL", "ROUND", "CUMSUM"),
        "refuses",
        _always,
        "its reference kernels have no such operator",
    ),
    Deviation(
        RUNTIME,
        ("TILE",),
        "refuses",
        _int8,
        "registers its reference kernel for versions below the one that has int8",
    ),
    Deviation(
        MICRO,
        ("GELU", "SIGN", "POW", "SELECT"),
        "refuses",
        _always,
        "has no such operator",
    ),
    Deviation(
        MICRO,
        ("EXP", "LOG", "SQRT", "NEG"),
        "refuses",
        _int8,
        "has this operator for float32 only",
    ),
    Deviation(
        RUNTIME,
        ("LOG", "SQRT", "NEG", "DIV"),
        "refuses",
        _int8,
        "2.14 is older than int8 in this operator",
    ),
    Deviation(
        MICRO,
        ("DIV",),
        "differs",
        _small_quotients,
        "shifts small quotients right by more than 31 bits, which C leaves open; they are 0",
    ),
    Deviation(
        LITERT,
        ("TILE",),
        "refuses",
        _integer,
        "registers its reference kernel for versions below those that have int8 and int16",
    ),
    Deviation(
        RUNTIME,
        ("SUM",),
        "differs",
        _int8,
        "adds int8 values without regard to their scales; tflite-micro is followed",
    ),
    Deviation(
        RUNTIME,
        ("LOGISTIC", "TANH"),
        "differs",
        _int8,
        "saturates elsewhere where the input scale is large; tflite-micro is followed",
    ),
    Deviation(
        RUNTIME,
        ("MUL", "RELU", "RELU6", "SOFTMAX"),
        "differs",
        _int16,
        "other rounding of the factor, 1 step in very few values; tflite-micro is followed",
    ),
)


def deviation(reference: str, graph: Graph, node: Node) -> Deviation | None:
    """The row that keeps this node from this reference, if there is one."""
    if reference == LITERT and (node.op.NAME == "FULLY_CONNECTED" or not _refused(graph, node)):
        return ELSEWHERE
    for row in ROWS:
        if row.reference == reference and node.op.NAME in row.operators and row.holds(graph, node):
            return row
    return None


ELSEWHERE = Deviation(
    LITERT, (), "refuses", _always, "asked only for what tflite-micro and tflite-runtime lack"
)


def _refused(graph: Graph, node: Node) -> bool:
    """Whether neither of the two references that are followed has the node."""
    rows = [deviation(reference, graph, node) for reference in (MICRO, RUNTIME)]
    return all(row is not None and row.kind == "refuses" for row in rows)
