"""Which number format every tensor gets: the seam where other precisions join.

A `Scheme` is data. The quantizer asks it for the format of activations and of each node's
weights, and for the bias type; int16 activations, int4 weights or a format per layer are other
values of `Scheme`, not other code paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edgekit.converter.ir.graph import DType, Node, Quant
from edgekit.converter.ir.ops import (
    Conv2D,
    DepthwiseConv2D,
    Div,
    Exp,
    FullyConnected,
    L2Normalization,
    LceDequantize,
    Log,
    Logistic,
    LogSoftmax,
    Neg,
    Op,
    Softmax,
    Sqrt,
    Square,
    Tanh,
    TransposeConv,
)
from edgekit.converter.ir.ops_elementwise import FLOAT_ONLY
from edgekit.converter.ir.ops_logic import Cast

WEIGHTED: Mapping[type[Op], int] = MappingProxyType(
    {Conv2D: 0, DepthwiseConv2D: 3, FullyConnected: 0, TransposeConv: 0}
)
"""Operators with weights and bias, and the axis of their weights that counts output channels."""


ISLANDS: tuple[type[Op], ...] = (
    *(operator for operator in FLOAT_ONLY if operator is not Square),
    *(Exp, Log, Sqrt, Neg, Div, Cast),
)
"""Operators that stay in float32, between DEQUANTIZE and QUANTIZE: there is none for int8 in every
runtime, or (DIV) a divisor near zero would lose its digits."""


@dataclass(frozen=True, slots=True)
class Format:
    """An integer format: stored values lie in [low, high]; `symmetric` means zero point 0."""

    dtype: DType
    low: int
    high: int
    symmetric: bool = False
    per_channel: bool = False


INT8_ACTIVATION = Format(DType.INT8, -128, 127)
INT8_WEIGHTS = Format(DType.INT8, -127, 127, symmetric=True, per_channel=True)
INT4_WEIGHTS = Format(DType.INT4, -7, 7, symmetric=True, per_channel=True)
INT16_ACTIVATION = Format(DType.INT16, -32767, 32767, symmetric=True)

UNIT = Quant.per_tensor(1 / 256, -128)
"""[0, 1) in 256 steps."""
SIGNED_UNIT = Quant.per_tensor(1 / 128, 0)
"""[-1, 1) in 256 steps."""
SIGNS = Quant.per_tensor(1 / 127, 0)
"""+1 and -1, exactly."""
LOGARITHMS = Quant.per_tensor(1 / 16, 127)
"""(-16, 0] in 256 steps."""
WIDE_UNIT = Quant.per_tensor(1 / 32768, 0)
"""[-1, 1) in 65536 steps."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """Formats by role, with exceptions for single nodes by name."""

    name: str
    activation: Format
    weights: Format
    bias: DType = DType.INT32
    fixed_outputs: Mapping[type[Op], Quant] = field(default_factory=dict)
    """Operators whose output has a quantization set by TFLite, whatever the data."""
    by_operator: Mapping[type[Op], Format] = field(default_factory=dict)
    """Weights format by operator, where it is not `weights`."""
    exceptions: Mapping[str, Format] = field(default_factory=dict)
    """Weights format by node name, which goes before both."""

    def fixed(self, op: Op) -> Quant | None:
        """The output quantization TFLite demands of this operator, or None."""
        return self.fixed_outputs.get(type(op))

    def weights_of(self, node: Node) -> Format:
        """The format of this node's weights."""
        usual = self.by_operator.get(type(node.op), self.weights)
        return self.exceptions.get(node.name, usual)


INT8 = Scheme(
    "int8",
    activation=INT8_ACTIVATION,
    weights=INT8_WEIGHTS,
    fixed_outputs=MappingProxyType(
        {
            Softmax: UNIT,
            Logistic: UNIT,
            Tanh: SIGNED_UNIT,
            L2Normalization: SIGNED_UNIT,
            LogSoftmax: LOGARITHMS,
            LceDequantize: SIGNS,
        }
    ),
)
"""TFLite's 8-bit specification: int8 activations, per-channel int8 weights (also for
FULLY_CONNECTED, which TensorFlow 2.21, tflite-runtime 2.14 and tflite-micro compute alike)."""

_NARROW: Mapping[type[Op], Format] = MappingProxyType(
    {Conv2D: INT4_WEIGHTS, FullyConnected: replace(INT4_WEIGHTS, per_channel=False)}
)
"""tflite-micro takes int4 in FULLY_CONNECTED with one scale only. Depthwise convolutions keep int8:
they have few weights and few products to even an error out. TRANSPOSE_CONV has no int4 kernel
anywhere."""

INT4 = replace(INT8, name="int4", by_operator=_NARROW)
"""W4A8: int4 weights of CONV_2D and FULLY_CONNECTED, all else as `INT8`."""

INT16 = Scheme(
    "int16",
    activation=INT16_ACTIVATION,
    weights=INT8_WEIGHTS,
    bias=DType.INT64,
    fixed_outputs=MappingProxyType(dict.fromkeys((Softmax, Logistic, Tanh), WIDE_UNIT)),
)
"""W8A16, TFLite's 16x8: symmetric int16 activations over int8 weights, biases of 64 bits."""

W4A16 = replace(INT16, name="w4a16", by_operator=_NARROW)
"""int4 weights of CONV_2D and FULLY_CONNECTED under int16 activations, all else as `INT16`: LiteRT
computes int4 depthwise convolutions of int16 wrongly."""

SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {scheme.name: scheme for scheme in (INT8, INT4, INT16, W4A16)}
)
"""By what `--precision` calls them."""
