"""Operator versions and the oldest runtime that knows them.

Facts of the public op_version.cc and runtime_version.cc in TensorFlow: an interpreter refuses a
file whose operator has a higher version than it knows, so the lowest valid one is written.
"""

from __future__ import annotations

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node

_OLDEST = "1.14.0"
_RUNTIME = {
    ("CONV_2D", 5): "2.4.0",
    ("CONV_2D", 6): "2.9.0",
    ("CONV_2D", 7): "2.14.0",
    ("DEPTHWISE_CONV_2D", 4): "2.2.0",
    ("DEPTHWISE_CONV_2D", 6): "2.3.0",
    ("DEPTHWISE_CONV_2D", 7): "2.14.0",
    ("FULLY_CONNECTED", 5): "2.0.0",
    ("FULLY_CONNECTED", 6): "2.1.0",
    ("FULLY_CONNECTED", 10): "2.14.0",
    ("AVERAGE_POOL_2D", 3): "2.3.0",
    ("MAX_POOL_2D", 3): "2.3.0",
    ("MEAN", 3): "2.4.0",
    ("ADD", 3): "2.4.0",
    ("MUL", 3): "1.15.0",
    ("MUL", 4): "2.3.0",
    ("LOGISTIC", 3): "2.3.0",
    ("TANH", 3): "2.3.0",
    ("RELU", 3): "2.5.0",
    ("RELU6", 3): "2.5.0",
    ("SOFTMAX", 3): "2.3.0",
    ("CONCATENATION", 3): "2.3.0",
    ("QUANTIZE", 2): "1.15.0",
    ("PAD", 3): "2.4.0",
    ("PAD", 4): "2.6.0",
    ("STRIDED_SLICE", 6): "2.5.0",
    ("STRIDED_SLICE", 8): "2.14.0",
    ("SPLIT_V", 2): "2.3.0",
    ("MIRROR_PAD", 2): "2.3.0",
    ("TILE", 3): "2.8.0",
    ("DEPTH_TO_SPACE", 1): "2.1.0",
    ("RESIZE_NEAREST_NEIGHBOR", 3): "2.3.0",
    ("RESIZE_BILINEAR", 3): "2.2.0",
    ("TRANSPOSE_CONV", 2): "2.2.0",
    ("TRANSPOSE_CONV", 3): "2.3.0",
    ("SUM", 2): "1.15.0",
    ("BROADCAST_TO", 2): "2.5.0",
    ("BROADCAST_TO", 3): "2.5.0",
    ("GELU", 1): "2.5.0",
    ("GELU", 2): "2.5.0",
    ("EXP", 2): "2.12.0",
    ("SIGN", 1): "2.12.0",
    ("CUMSUM", 1): "2.4.0",
    ("SELECT_V2", 1): "2.2.0",
    ("BATCH_MATMUL", 1): "2.3.0",
    ("BATCH_MATMUL", 2): "2.3.0",
    ("HARD_SWISH", 1): "1.15.0",
    ("RELU_0_TO_1", 1): "2.10.0",
    ("DEQUANTIZE", 3): "1.15.0",
    ("DEQUANTIZE", 5): "2.7.0",
}
"""Oldest runtime by operator and version, where it is newer than 1.14.0."""

_INT8_IS_2 = frozenset(
    (
        "AVERAGE_POOL_2D",
        "MAX_POOL_2D",
        "MEAN",
        "ADD",
        "SUB",
        "MUL",
        "MAXIMUM",
        "MINIMUM",
        "LOGISTIC",
        "TANH",
        "RELU",
        "RELU6",
        "SOFTMAX",
        "PAD",
        "CONCATENATION",
        "DEQUANTIZE",
        "TRANSPOSE",
        "STRIDED_SLICE",
        "SLICE",
        "SPLIT",
        "SPLIT_V",
        "PACK",
        "UNPACK",
        "GATHER",
        "PADV2",
        "MIRROR_PAD",
        "SPACE_TO_DEPTH",
        "RESIZE_NEAREST_NEIGHBOR",
        "RESIZE_BILINEAR",
        "TRANSPOSE_CONV",
        "SUM",
        "REDUCE_MAX",
        "REDUCE_MIN",
        "ABS",
        "RSQRT",
        "SQUARED_DIFFERENCE",
        "LOG_SOFTMAX",
        "L2_NORMALIZATION",
        "ARG_MAX",
        "BATCH_MATMUL",
        *("GELU", "EXP", "SELECT"),
        *("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"),
    )
)
_INT16 = {
    "AVERAGE_POOL_2D": 3,
    "MAX_POOL_2D": 3,
    "MEAN": 3,
    "ADD": 3,
    "MUL": 4,
    "LOGISTIC": 3,
    "TANH": 3,
    "RELU": 3,
    "RELU6": 3,
    "SOFTMAX": 3,
    "PAD": 3,
    "CONCATENATION": 3,
    "QUANTIZE": 2,
    "DEQUANTIZE": 3,
}
"""Version for int16, by what decides it: QUANTIZE's output, the input of the others."""
_CONVOLUTIONS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))


def operator_version(graph: Graph, node: Node) -> int:
    """The lowest version of the node's operator that is valid for its operands."""
    name, x = node.op.NAME, graph.source(node)
    if name in _CONVOLUTIONS:
        return _convolution_version(graph, node)
    if name == "TRANSPOSE_CONV" and graph.role(node, "bias") is not None:
        return 3
    if name == "BROADCAST_TO":
        return 2 if x.dtype is DType.FLOAT32 else 3
    decisive = graph.output(node) if name == "QUANTIZE" else x
    if decisive.dtype is DType.INT16:
        return _INT16.get(name, 1)
    if name == "MUL" and x.dtype is DType.INT8 and _product_ratio(graph, node) >= 1:
        return 3
    if isinstance(node.op, ops.StridedSlice) and node.op.offset:
        return 8
    if isinstance(node.op, ops.StridedSlice) and node.op.ellipsis_mask | node.op.new_axis_mask:
        return 6
    if isinstance(node.op, ops.ResizeNearestNeighbor | ops.ResizeBilinear) and (
        node.op.align_corners or node.op.half_pixel_centers
    ):
        return 3
    if name == "SVDF":
        return 3 if x.dtype is DType.INT8 else 1
    if name == "TILE" and x.dtype is DType.INT8:
        return 3
    if name == "PAD" and len(x.shape) > 4:
        return 4
    if name == "DEQUANTIZE" and x.dtype is DType.FLOAT16:
        return 3
    if name == "DEQUANTIZE" and x.quant is not None and x.quant.axis is not None:
        return 5
    return 2 if name in _INT8_IS_2 and x.dtype is DType.INT8 else 1


def runtime_version(graph: Graph) -> str:
    """The oldest TFLite runtime for the whole graph, as in the file's `min_runtime_version`."""
    needed = [
        _RUNTIME.get((node.op.NAME, operator_version(graph, node)), _OLDEST) for node in graph.nodes
    ]
    needed += ["2.6.0"] if graph.states else []
    return max(needed, key=_parts, default=_OLDEST)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _convolution_version(graph: Graph, node: Node) -> int:
    name, x, weights = node.op.NAME, graph.input(node), graph.input(node, 1)
    dense = name == "FULLY_CONNECTED"
    if not dense and name == "CONV_2D" and weights.shape[3] != x.shape[3]:
        return 6
    if dense and len(node.inputs) == 2:
        return 6
    if dense and getattr(node.op, "keep_num_dims", False):
        return 5
    if weights.dtype is DType.INT4:
        # Also of int16 activations, which runtimes that know no such version compute wrongly.
        return 10 if dense else 7
    if x.dtype is DType.INT8:
        return 4 if dense else 3
    if weights.dtype is DType.INT8 and x.dtype is DType.FLOAT32:
        return _hybrid_version(name, weights.quant is not None and weights.quant.axis is not None)
    dilated = getattr(node.op, "dilation_h", 1) != 1 or getattr(node.op, "dilation_w", 1) != 1
    return 2 if name == "DEPTHWISE_CONV_2D" and dilated else 1


def _hybrid_version(name: str, per_channel: bool) -> int:
    """Float activations with int8 weights."""
    plain, channels = {
        "CONV_2D": (2, 5),
        "DEPTHWISE_CONV_2D": (4, 6),
        "FULLY_CONNECTED": (3, 12),
    }[name]
    return channels if per_channel else plain


def _product_ratio(graph: Graph, node: Node) -> float:
    a, b, y = graph.input(node), graph.input(node, 1), graph.output(node)
    if a.quant is None or b.quant is None or y.quant is None:
        return 0.0
    return a.quant.scale * b.quant.scale / y.quant.scale
