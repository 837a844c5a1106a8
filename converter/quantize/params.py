"""From real ranges to scales and zero points, and from real values to integers.

The rules are those of TFLite's 8-bit quantization specification
(https://ai.google.dev/edge/litert/models/quantization_spec) and of Jacob et al., "Quantization and
Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018), section 2 and
appendix A: ranges hold 0, and the zero point is nudged to an integer so that 0 is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Quant, Tensor
from edgekit.converter.quantize.scheme import Format

NEAR_ZERO = 1e-6
"""Ranges narrower than this count as zero, as in TensorFlow's converter."""

MAX_BIAS = (2**31 - 1) // 2
"""Half of int32: the other half is left to the sum of products (33,000 terms of 127 x 255)."""


def asymmetric(low: float, high: float, form: Format) -> Quant:
    """The per-tensor quantization that covers [low, high] and 0.

    Of the two candidates for the zero point (from either end of the range) the one with the
    smaller rounding error is taken. A range of nothing but 0 gets scale 1. A symmetric format
    covers the larger side both ways, with zero point 0.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < NEAR_ZERO:
        return Quant.per_tensor(1.0, 0 if form.symmetric else form.low)
    if form.symmetric:
        return Quant.per_tensor(max(-low, high) / form.high, 0)
    scale = (high - low) / (form.high - form.low)
    from_low, from_high = form.low - low / scale, form.high - high / scale
    nearer_low = abs(form.low) + abs(low / scale) < abs(form.high) + abs(high / scale)
    zero = round_half_away(from_low if nearer_low else from_high)
    return Quant.per_tensor(scale, int(np.clip(zero, form.low, form.high)))


def covers(quant: Quant, low: float, high: float, form: Format) -> bool:
    """Whether [low, high] fits into what `quant` represents, up to one step."""
    first = (form.low - 1 - quant.zero_point) * quant.scale
    return first <= low and high <= (form.high + 1 - quant.zero_point) * quant.scale


def symmetric(half_ranges: NDArray[np.float64], form: Format, axis: int | None) -> Quant:
    """Scales for [-half_range, half_range], one per channel along `axis` or a single one."""
    scales = np.maximum(half_ranges, NEAR_ZERO / 2) / form.high
    if axis is None:
        return Quant.per_tensor(float(scales.max()), 0)
    return Quant.per_channel(scales.tolist(), axis)


def half_ranges(weights: NDArray[Any], axis: int | None) -> NDArray[np.float64]:
    """The largest magnitude per channel along `axis`, or of all as one element."""
    magnitude = np.abs(weights.astype(np.float64))
    if axis is None:
        return np.array([magnitude.max(initial=0.0)], np.float64)
    others = tuple(index for index in range(weights.ndim) if index != axis)
    peaks: NDArray[np.float64] = magnitude.max(axis=others, initial=0.0)
    return peaks


def quantize_array(values: NDArray[Any], quant: Quant, form: Format) -> NDArray[np.generic]:
    """round(values / scale) + zero point, clipped to the format; halves go away from zero."""
    scales, zeros = _broadcast(quant, values.ndim)
    stored = round_half_away(values.astype(np.float64) / scales) + zeros
    clipped: NDArray[np.generic] = np.clip(stored, form.low, form.high).astype(form.dtype.numpy)
    return clipped


def quantize_input(values: NDArray[Any], tensor: Tensor) -> NDArray[np.generic]:
    """Real values as the integers of a quantized graph input; other dtypes are cast."""
    if tensor.quant is None:
        return values.astype(tensor.dtype.numpy)
    limits = np.iinfo(tensor.dtype.value)
    form = Format(tensor.dtype, int(limits.min), int(limits.max))
    return quantize_array(values, tensor.quant, form)


def dequantize_array(stored: NDArray[Any], quant: Quant) -> NDArray[np.float32]:
    """scale * (stored - zero point) as float32."""
    scales, zeros = _broadcast(quant, stored.ndim)
    return (scales * (stored.astype(np.float64) - zeros)).astype(np.float32)


def real_values(stored: NDArray[Any], tensor: Tensor) -> NDArray[np.float32]:
    """An activation as real numbers: dequantized where quantized, else cast to float32."""
    if tensor.quant is None:
        return stored.astype(np.float32)
    return dequantize_array(stored, tensor.quant)


def constant_values(tensor: Tensor) -> NDArray[np.float32]:
    """A constant as real numbers (float16 and quantized ones included)."""
    return real_values(tensor.values, tensor)


def integers(values: NDArray[Any], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """round(values / scales), halves away from zero, not clipped."""
    rounded: NDArray[np.float64] = round_half_away(values.astype(np.float64) / scales)
    return rounded


def round_half_away(x: Any) -> Any:
    """To the nearest integer, halves away from zero, as C's round()."""
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


def _broadcast(quant: Quant, rank: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scales and zero points shaped so that they broadcast against an array of `rank`."""
    shape = [1] * rank
    if quant.axis is not None:
        shape[quant.axis] = len(quant.scales)
    scales = np.array(quant.scales, np.float64).reshape(shape)
    return scales, np.array(quant.zero_points, np.float64).reshape(shape)


def float_tensor(tensor: Tensor) -> bool:
    """Whether the tensor holds float32 values that a quantizer must turn into integers."""
    return tensor.dtype is DType.FLOAT32
