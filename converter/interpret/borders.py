"""QUANTIZE and DEQUANTIZE: where one number format meets another."""

from __future__ import annotations

import numpy as np

from edgekit.converter.fixed_point import requantized
from edgekit.converter.interpret.kernel import Array, Kernel, quant_of, unsupported
from edgekit.converter.interpret.unary import table
from edgekit.converter.ir.graph import DType, Graph, Node, Quant

_BYTES = (DType.INT8, DType.UINT8)
_STORED = (*_BYTES, DType.INT16, DType.FLOAT16)


def quantize(graph: Graph, node: Node) -> Kernel:
    """float32 to int8, uint8 or int16; int8 or uint8 to either, with another scale."""
    source, target = graph.input(node), graph.output(node)
    if target.dtype in (*_BYTES, DType.INT16) and source.dtype is DType.FLOAT32:
        return _from_float(quant_of(node, target), target.dtype)
    if target.dtype in _BYTES and source.dtype in _BYTES:
        if source.dtype is target.dtype is DType.INT8:
            return table(graph, node)
        return _between_bytes(quant_of(node, source), quant_of(node, target), target.dtype)
    found = f"from {source.dtype} to {target.dtype}"
    allowed = "float32, int8 or uint8 to int8 or uint8"
    raise unsupported(node, found, allowed, "interpret-dtype")


def _from_float(quant: Quant, dtype: DType) -> Kernel:
    """clamp(round_half_away(x / scale) + zero_point); the division is in float32."""
    scale, limits = np.float32(quant.scale), np.iinfo(dtype.value)

    def kernel(x: Array) -> Array:
        steps = (x / scale).astype(np.float64)
        codes = np.trunc(steps + np.copysign(0.5, steps)) + quant.zero_point
        return np.asarray(np.clip(codes, limits.min, limits.max), dtype.numpy)

    return kernel


def _between_bytes(source: Quant, target: Quant, dtype: DType) -> Kernel:
    limits = np.iinfo(dtype.value)
    return lambda x: np.clip(
        requantized(x.astype(np.int32), source, target), limits.min, limits.max
    ).astype(dtype.numpy)


def dequantize(graph: Graph, node: Node) -> Kernel:
    """(x - zero_point) * scale, per tensor or per channel; float16 is widened."""
    source, target = graph.input(node), graph.output(node)
    if target.dtype is not DType.FLOAT32 or source.dtype not in _STORED:
        found = f"from {source.dtype} to {target.dtype}"
        allowed = "int8, uint8, int16 or float16 to float32"
        raise unsupported(node, found, allowed, "interpret-dtype")
    if source.dtype is DType.FLOAT16:
        return lambda x: x.astype(np.float32)
    quant = quant_of(node, source)
    scales, zeros = np.array(quant.scales, np.float32), np.array(quant.zero_points, np.float32)
    if quant.axis is not None:
        along = [1] * len(source.shape)
        along[quant.axis] = -1
        scales, zeros = scales.reshape(along), zeros.reshape(along)
    return lambda x: (x.astype(np.float32) - zeros) * scales
