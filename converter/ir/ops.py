"""One frozen class per operator, with typed attributes in TFLite's terms.

`NAME` is TFLite's builtin operator name, or a custom operator's own; `INPUTS` names the operands by
role, in order, an optional one ending in "?". Attributes that only repeat operand shapes are left
out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_activations import Elu as Elu
from edgekit.converter.ir.ops_activations import HardSwish as HardSwish
from edgekit.converter.ir.ops_activations import LeakyRelu as LeakyRelu
from edgekit.converter.ir.ops_activations import Logistic as Logistic
from edgekit.converter.ir.ops_activations import Relu as Relu
from edgekit.converter.ir.ops_activations import Relu0To1 as Relu0To1
from edgekit.converter.ir.ops_activations import Relu6 as Relu6
from edgekit.converter.ir.ops_activations import ReluN1To1 as ReluN1To1
from edgekit.converter.ir.ops_activations import Tanh as Tanh
from edgekit.converter.ir.ops_base import Activation as Activation
from edgekit.converter.ir.ops_base import Op as Op
from edgekit.converter.ir.ops_base import Padding as Padding
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_binary import LceBconv2d as LceBconv2d
from edgekit.converter.ir.ops_binary import LceBMaxPool2d as LceBMaxPool2d
from edgekit.converter.ir.ops_binary import LceDequantize as LceDequantize
from edgekit.converter.ir.ops_binary import LceQuantize as LceQuantize
from edgekit.converter.ir.ops_detection import DetectionPostProcess as DetectionPostProcess
from edgekit.converter.ir.ops_elementwise import Abs as Abs
from edgekit.converter.ir.ops_elementwise import Div as Div
from edgekit.converter.ir.ops_elementwise import Exp as Exp
from edgekit.converter.ir.ops_elementwise import Floor as Floor
from edgekit.converter.ir.ops_elementwise import L2Normalization as L2Normalization
from edgekit.converter.ir.ops_elementwise import Log as Log
from edgekit.converter.ir.ops_elementwise import LogSoftmax as LogSoftmax
from edgekit.converter.ir.ops_elementwise import Neg as Neg
from edgekit.converter.ir.ops_elementwise import ReduceMin as ReduceMin
from edgekit.converter.ir.ops_elementwise import Rsqrt as Rsqrt
from edgekit.converter.ir.ops_elementwise import Sqrt as Sqrt
from edgekit.converter.ir.ops_elementwise import Square as Square
from edgekit.converter.ir.ops_elementwise import SquaredDifference as SquaredDifference
from edgekit.converter.ir.ops_functions import FUNCTIONS, PAIRS
from edgekit.converter.ir.ops_functions import Gelu as Gelu
from edgekit.converter.ir.ops_logic import MIXED, SUMS, TURNED
from edgekit.converter.ir.ops_movement import Concatenation as Concatenation
from edgekit.converter.ir.ops_movement import DepthToSpace as DepthToSpace
from edgekit.converter.ir.ops_movement import ExpandDims as ExpandDims
from edgekit.converter.ir.ops_movement import Gather as Gather
from edgekit.converter.ir.ops_movement import Mirror as Mirror
from edgekit.converter.ir.ops_movement import MirrorPad as MirrorPad
from edgekit.converter.ir.ops_movement import Pack as Pack
from edgekit.converter.ir.ops_movement import Pad as Pad
from edgekit.converter.ir.ops_movement import PadV2 as PadV2
from edgekit.converter.ir.ops_movement import Reshape as Reshape
from edgekit.converter.ir.ops_movement import ResizeNearestNeighbor as ResizeNearestNeighbor
from edgekit.converter.ir.ops_movement import Slice as Slice
from edgekit.converter.ir.ops_movement import SpaceToDepth as SpaceToDepth
from edgekit.converter.ir.ops_movement import Split as Split
from edgekit.converter.ir.ops_movement import SplitV as SplitV
from edgekit.converter.ir.ops_movement import Squeeze as Squeeze
from edgekit.converter.ir.ops_movement import StridedSlice as StridedSlice
from edgekit.converter.ir.ops_movement import Tile as Tile
from edgekit.converter.ir.ops_movement import Transpose as Transpose
from edgekit.converter.ir.ops_movement import Unpack as Unpack
from edgekit.converter.ir.ops_recurrent import Svdf as Svdf
from edgekit.converter.ir.ops_recurrent import (
    UnidirectionalSequenceLstm as UnidirectionalSequenceLstm,
)
from edgekit.converter.ir.ops_trees import TreeEnsemble as TreeEnsemble


@dataclass(frozen=True, slots=True)
class Conv2D(Op):
    """Weights OHWI, bias int32 (float32 in float graphs); fewer input channels in the weights than
    in the input mean groups."""

    NAME: ClassVar[str] = "CONV_2D"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "weights", "bias?")
    padding: Padding
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class DepthwiseConv2D(Op):
    """Weights 1HWO with O = input channels * depth_multiplier."""

    NAME: ClassVar[str] = "DEPTHWISE_CONV_2D"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "weights", "bias?")
    padding: Padding
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    depth_multiplier: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class FullyConnected(Op):
    """Weights (output, input)."""

    NAME: ClassVar[str] = "FULLY_CONNECTED"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "weights", "bias?")
    activation: Activation = Activation.NONE
    keep_num_dims: bool = False


@dataclass(frozen=True, slots=True)
class BatchMatmul(Op):
    """Matrix products of the last two axes, either transposed at will; the others broadcast."""

    NAME: ClassVar[str] = "BATCH_MATMUL"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")
    adj_x: bool = False
    adj_y: bool = False


@dataclass(frozen=True, slots=True)
class TransposeConv(Op):
    """The transpose of a CONV_2D from the output's shape to the input's; weights OHWI."""

    NAME: ClassVar[str] = "TRANSPOSE_CONV"
    INPUTS: ClassVar[tuple[str, ...]] = ("shape", "weights", "input", "bias?")
    SOURCE: ClassVar[int] = 2
    padding: Padding
    stride_h: int = 1
    stride_w: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class ResizeBilinear(Op):
    """Height and width from the constant second operand; outputs lie between four inputs."""

    NAME: ClassVar[str] = "RESIZE_BILINEAR"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "size")
    align_corners: bool = False
    half_pixel_centers: bool = False


@dataclass(frozen=True, slots=True)
class Pool2D(Op):
    """What the two pooling operators share."""

    padding: Padding
    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class AveragePool2D(Pool2D):
    """Padding does not count in the mean. Integer halves round away from zero; `half_up` is how
    they round in legacy uint8 models, whose files have no such attribute."""

    NAME: ClassVar[str] = "AVERAGE_POOL_2D"
    half_up: bool = False


@dataclass(frozen=True, slots=True)
class MaxPool2D(Pool2D):
    """Maximum over the window."""

    NAME: ClassVar[str] = "MAX_POOL_2D"


@dataclass(frozen=True, slots=True)
class Mean(Op):
    """Mean over the axes in the constant second operand."""

    NAME: ClassVar[str] = "MEAN"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "axes")
    keep_dims: bool = False


@dataclass(frozen=True, slots=True)
class Sum(Op):
    """Sum over the axes in the constant second operand."""

    NAME: ClassVar[str] = "SUM"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "axes")
    keep_dims: bool = False


@dataclass(frozen=True, slots=True)
class ReduceMax(Op):
    """Maximum over the axes in the constant second operand."""

    NAME: ClassVar[str] = "REDUCE_MAX"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "axes")
    keep_dims: bool = False


@dataclass(frozen=True, slots=True)
class ArgMax(Op):
    """Index (int32) of the first largest value along the constant axis, which is dropped."""

    NAME: ClassVar[str] = "ARG_MAX"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "axis")


@dataclass(frozen=True, slots=True)
class Add(Op):
    """Elementwise sum with broadcasting."""

    NAME: ClassVar[str] = "ADD"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class Mul(Op):
    """Elementwise product with broadcasting."""

    NAME: ClassVar[str] = "MUL"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class Sub(Op):
    """Elementwise difference with broadcasting."""

    NAME: ClassVar[str] = "SUB"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class Maximum(Op):
    """The larger of two, with broadcasting."""

    NAME: ClassVar[str] = "MAXIMUM"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")


@dataclass(frozen=True, slots=True)
class Minimum(Op):
    """The smaller of two, with broadcasting."""

    NAME: ClassVar[str] = "MINIMUM"
    INPUTS: ClassVar[tuple[str, ...]] = ("a", "b")


@dataclass(frozen=True, slots=True)
class Prelu(Op):
    """x, or alpha * x where x is negative; alpha is broadcast."""

    NAME: ClassVar[str] = "PRELU"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "alpha")


@dataclass(frozen=True, slots=True)
class Softmax(Op):
    """Along the last axis."""

    NAME: ClassVar[str] = "SOFTMAX"
    beta: float = 1.0


@dataclass(frozen=True, slots=True)
class Quantize(Op):
    """float32 to int8, or int8 to int8 with another scale."""

    NAME: ClassVar[str] = "QUANTIZE"


@dataclass(frozen=True, slots=True)
class Dequantize(Op):
    """Quantized to float32."""

    NAME: ClassVar[str] = "DEQUANTIZE"


OPERATORS: tuple[type[Op], ...] = (
    # 1. multiply-accumulate
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    TransposeConv,
    BatchMatmul,
    Svdf,
    UnidirectionalSequenceLstm,
    # 2. pooling and reduction
    AveragePool2D,
    MaxPool2D,
    Mean,
    Sum,
    ReduceMax,
    ReduceMin,
    ArgMax,
    ResizeBilinear,
    # 3. elementwise
    Add,
    Sub,
    Mul,
    Maximum,
    Minimum,
    Prelu,
    Logistic,
    Tanh,
    Relu,
    Relu6,
    ReluN1To1,
    Relu0To1,
    LeakyRelu,
    Elu,
    HardSwish,
    Abs,
    Rsqrt,
    Exp,
    Log,
    Sqrt,
    Square,
    Neg,
    Floor,
    Div,
    SquaredDifference,
    *FUNCTIONS,
    *PAIRS,
    *SUMS,
    *MIXED,
    Softmax,
    LogSoftmax,
    L2Normalization,
    # 4. movement
    Pad,
    Concatenation,
    Reshape,
    Squeeze,
    ExpandDims,
    Transpose,
    StridedSlice,
    Slice,
    Split,
    SplitV,
    Pack,
    Unpack,
    Tile,
    Gather,
    PadV2,
    MirrorPad,
    SpaceToDepth,
    DepthToSpace,
    ResizeNearestNeighbor,
    *TURNED,
    # 5. detection heads, and trees
    DetectionPostProcess,
    TreeEnsemble,
    # 6. borders between number formats
    Quantize,
    Dequantize,
    # 7. packed signs
    *BINARY,
)

BY_NAME: dict[str, type[Op]] = {operator.NAME: operator for operator in OPERATORS}
