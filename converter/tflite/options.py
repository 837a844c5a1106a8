"""Operators' attributes and their builtin options in the file, in one table, both ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

from edgekit.converter.ir import ops
from edgekit.converter.ir import ops_logic as logic
from edgekit.converter.ir.ops import Activation, Mirror, Op, Padding
from edgekit.converter.ir.ops_functions import FUNCTIONS, PAIRS
from edgekit.converter.tflite.custom import CUSTOM_OPERATORS, read_custom
from edgekit.converter.tflite.flatbuf import Table
from edgekit.converter.tflite.raw import RawOperator
from edgekit.converter.tflite.schema import ACTIVATIONS, MIRRORS, OPTIONS_TYPES, PADDINGS, TABLES
from edgekit.errors import UnsupportedError

_FIELDS = {
    "padding": "padding",
    "stride_h": "stride_h",
    "stride_w": "stride_w",
    "dilation_h": "dilation_h_factor",
    "dilation_w": "dilation_w_factor",
    "depth_multiplier": "depth_multiplier",
    "filter_h": "filter_height",
    "filter_w": "filter_width",
    "activation": "fused_activation_function",
    "keep_num_dims": "keep_num_dims",
    "keep_dims": "keep_dims",
    "axis": "axis",
    "axes": "squeeze_dims",
    "beta": "beta",
    "alpha": "alpha",
    "mode": "mode",
    "rank": "rank",
    "cell_clip": "cell_clip",
    "projection_clip": "proj_clip",
    "time_major": "time_major",
    **{
        name: name
        for name in (
            "begin_mask",
            "end_mask",
            "ellipsis_mask",
            "new_axis_mask",
            "shrink_axis_mask",
            "offset",
            "batch_dims",
            "block_size",
            "approximate",
            "exclusive",
            "reverse",
            "adj_x",
            "adj_y",
            "align_corners",
            "half_pixel_centers",
        )
    },
}
"""IR attribute -> field of the options table."""


NOT_STORED = frozenset(("half_up",))
"""Attributes that follow from a file's element types."""

_PLAIN: tuple[type[Op], ...] = (
    ops.Abs,
    ops.Rsqrt,
    ops.Exp,
    ops.Log,
    ops.Sqrt,
    ops.Square,
    ops.Neg,
    ops.Floor,
    ops.SquaredDifference,
    ops.LogSoftmax,
    ops.L2Normalization,
    *(function for function in FUNCTIONS if function is not ops.Gelu),
    *PAIRS,
    *logic.MIXED,
    *logic.TURNED,
    logic.AddN,
)
"""Operators whose options say nothing."""

OPTIONS_TABLE: dict[str, str] = {operator.NAME: "" for operator in _PLAIN} | {
    operator.NAME: table
    for operator, table in (
        (ops.Conv2D, "Conv2DOptions"),
        (ops.DepthwiseConv2D, "DepthwiseConv2DOptions"),
        (ops.FullyConnected, "FullyConnectedOptions"),
        (ops.TransposeConv, "TransposeConvOptions"),
        (ops.BatchMatmul, "BatchMatMulOptions"),
        (ops.Svdf, "SVDFOptions"),
        (ops.UnidirectionalSequenceLstm, "UnidirectionalSequenceLSTMOptions"),
        (ops.Sum, "ReducerOptions"),
        (ops.ReduceMax, "ReducerOptions"),
        (ops.ReduceMin, "ReducerOptions"),
        (ops.Div, "DivOptions"),
        (ops.Gelu, "GeluOptions"),
        (logic.Cumsum, "CumsumOptions"),
        (ops.ArgMax, "ArgMaxOptions"),
        (ops.ResizeBilinear, "ResizeBilinearOptions"),
        (ops.AveragePool2D, "Pool2DOptions"),
        (ops.MaxPool2D, "Pool2DOptions"),
        (ops.Mean, "ReducerOptions"),
        (ops.Add, "AddOptions"),
        (ops.Sub, "SubOptions"),
        (ops.Mul, "MulOptions"),
        (ops.Maximum, "MaximumMinimumOptions"),
        (ops.Minimum, "MaximumMinimumOptions"),
        (ops.Prelu, ""),
        (ops.Logistic, ""),
        (ops.Tanh, ""),
        (ops.Relu, ""),
        (ops.Relu6, ""),
        (ops.ReluN1To1, ""),
        (ops.Relu0To1, ""),
        (ops.LeakyRelu, "LeakyReluOptions"),
        (ops.Elu, ""),
        (ops.HardSwish, "HardSwishOptions"),
        (ops.Softmax, "SoftmaxOptions"),
        (ops.Pad, "PadOptions"),
        (ops.Concatenation, "ConcatenationOptions"),
        (ops.Reshape, "ReshapeOptions"),
        (ops.Squeeze, "SqueezeOptions"),
        (ops.ExpandDims, "ExpandDimsOptions"),
        (ops.Transpose, "TransposeOptions"),
        (ops.StridedSlice, "StridedSliceOptions"),
        (ops.Slice, "SliceOptions"),
        (ops.Split, "SplitOptions"),
        (ops.SplitV, "SplitVOptions"),
        (ops.Pack, "PackOptions"),
        (ops.Unpack, "UnpackOptions"),
        (ops.Tile, "TileOptions"),
        (ops.Gather, "GatherOptions"),
        (ops.PadV2, "PadV2Options"),
        (ops.MirrorPad, "MirrorPadOptions"),
        (ops.SpaceToDepth, "SpaceToDepthOptions"),
        (ops.DepthToSpace, "DepthToSpaceOptions"),
        (ops.ResizeNearestNeighbor, "ResizeNearestNeighborOptions"),
        (ops.Quantize, "QuantizeOptions"),
        (ops.Dequantize, "DequantizeOptions"),
    )
}
"""TFLite operator name -> its options table, "" where it has none."""


def read_options(raw: RawOperator, node: str) -> Op:
    """The IR operator of a stored one.

    `node` names it in errors. Raises UnsupportedError for attributes the IR has no word for and
    ModelError for numbers no schema has.
    """
    if raw.name in CUSTOM_OPERATORS:
        return read_custom(raw)
    operator = ops.BY_NAME[raw.name]
    options = _options_row(raw, OPTIONS_TABLE[raw.name])
    if options is None:
        return _defaults(raw, operator)
    if raw.name == "FULLY_CONNECTED" and options.number("weights_format"):
        raise _unsupported(raw, node, "weights in the shuffled 4x16 layout", "the default layout")
    if operator is ops.UnidirectionalSequenceLstm:
        word = _enumeration(raw, options, "fused_activation_function", ACTIVATIONS)
        if word != "TANH":
            raise _unsupported(raw, node, f"activation {word}", "TANH")
    stored = [row.name for row in fields(operator) if row.name not in NOT_STORED]
    values = {name: _read(raw, node, options, name) for name in stored}
    return operator(**{**values, **raw.attributes})


def reshape_target(raw: RawOperator) -> tuple[int, ...]:
    """The shape in a RESHAPE's options, which old files have instead of an operand; () without."""
    options = _options_row(raw, OPTIONS_TABLE["RESHAPE"])
    return () if options is None else options.ints("new_shape")


def _options_row(raw: RawOperator, table: str) -> Table | None:
    if not table or raw.options_type == 0:
        return None
    if raw.options_type != OPTIONS_TYPES[table]:
        raw.table.buffer.fail(
            f"operator {raw.index} ({raw.name}) has options of type {raw.options_type}"
        )
    return raw.table.row("builtin_options", table)


def _defaults(raw: RawOperator, operator: type[Op]) -> Op:
    """The operator of a file that leaves its options out."""
    if any(row.default is MISSING for row in fields(operator)):
        raw.table.buffer.fail(f"operator {raw.index} ({raw.name}) has no options")
    return operator()


def _read(raw: RawOperator, node: str, options: Table, attribute: str) -> Any:
    name = _FIELDS[attribute]
    kind = TABLES[options.name][name].kind
    if attribute == "padding":
        return Padding(_enumeration(raw, options, name, PADDINGS))
    if attribute == "mode":
        return Mirror(_enumeration(raw, options, name, MIRRORS))
    if attribute == "activation":
        return _activation(raw, node, _enumeration(raw, options, name, ACTIVATIONS))
    readers: dict[str, Callable[[str], Any]] = {"f32": options.real, "[i32]": options.ints}
    value = readers.get(kind, options.number)(name)
    return bool(value) if kind == "bool" else value


def _enumeration(raw: RawOperator, options: Table, name: str, words: tuple[str, ...]) -> str:
    number = options.number(name)
    if not 0 <= number < len(words):
        raw.table.buffer.fail(f"operator {raw.index} ({raw.name}) has {name} {number}")
    return words[number]


def _activation(raw: RawOperator, node: str, word: str) -> Activation:
    if word not in Activation.__members__:
        raise _unsupported(raw, node, f"fused activation {word}", ", ".join(Activation))
    return Activation(word)


def _unsupported(raw: RawOperator, node: str, found: str, allowed: str) -> UnsupportedError:
    return UnsupportedError(
        f"{raw.table.buffer.subject}: node {node} ({raw.name})",
        found,
        allowed=allowed,
        hint="export the model without it",
        code="unsupported-attribute",
    )


COUNTS: dict[type[Op], tuple[str, str]] = {
    ops.Split: ("num_splits", "outputs"),
    ops.SplitV: ("num_splits", "outputs"),
    ops.Unpack: ("num", "outputs"),
    ops.Pack: ("values_count", "inputs"),
}
"""Fields that only repeat how many outputs or inputs there are: which, and of what."""


def options_values(op: Op) -> dict[str, int | float | bool | tuple[int, ...]]:
    """Fields of the operator's options table, in the file's numbers."""
    values: dict[str, int | float | bool | tuple[int, ...]] = {}
    if isinstance(op, ops.UnidirectionalSequenceLstm):
        values["fused_activation_function"] = ACTIVATIONS.index("TANH")
    for item in fields(op):
        if item.name in NOT_STORED:
            continue
        value = getattr(op, item.name)
        if isinstance(value, Padding):
            value = PADDINGS.index(value)
        elif isinstance(value, Activation):
            value = ACTIVATIONS.index(value)
        elif isinstance(value, Mirror):
            value = MIRRORS.index(value)
        values[_FIELDS[item.name]] = value
    return values
