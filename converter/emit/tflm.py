"""The .tflite as a C++ array for TensorFlow Lite Micro, with the operators its resolver needs."""

from __future__ import annotations

from collections.abc import Iterable

from edgekit.converter.emit.template import render
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_trees import TreeEnsemble
from edgekit.errors import UnsupportedError

RESOLVER_METHODS = {
    "ABS": "AddAbs",
    "ADD": "AddAdd",
    "ADD_N": "AddAddN",
    "ARG_MAX": "AddArgMax",
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "BATCH_MATMUL": "AddBatchMatMul",
    "BROADCAST_TO": "AddBroadcastTo",
    "CAST": "AddCast",
    "CEIL": "AddCeil",
    "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D",
    "COS": "AddCos",
    "CUMSUM": "AddCumSum",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "DEPTH_TO_SPACE": "AddDepthToSpace",
    "DEQUANTIZE": "AddDequantize",
    "DIV": "AddDiv",
    "ELU": "AddElu",
    "EQUAL": "AddEqual",
    "EXP": "AddExp",
    "EXPAND_DIMS": "AddExpandDims",
    "FLOOR": "AddFloor",
    "FLOOR_DIV": "AddFloorDiv",
    "FULLY_CONNECTED": "AddFullyConnected",
    "GATHER": "AddGather",
    "GREATER": "AddGreater",
    "GREATER_EQUAL": "AddGreaterEqual",
    "HARD_SWISH": "AddHardSwish",
    "L2_NORMALIZATION": "AddL2Normalization",
    "LEAKY_RELU": "AddLeakyRelu",
    "LESS": "AddLess",
    "LESS_EQUAL": "AddLessEqual",
    "LOG": "AddLog",
    "LOGICAL_AND": "AddLogicalAnd",
    "LOGICAL_NOT": "AddLogicalNot",
    "LOGICAL_OR": "AddLogicalOr",
    "LOGISTIC": "AddLogistic",
    "LOG_SOFTMAX": "AddLogSoftmax",
    "MAXIMUM": "AddMaximum",
    "MAX_POOL_2D": "AddMaxPool2D",
    "MEAN": "AddMean",
    "MINIMUM": "AddMinimum",
    "MIRROR_PAD": "AddMirrorPad",
    "MUL": "AddMul",
    "NEG": "AddNeg",
    "NOT_EQUAL": "AddNotEqual",
    "PACK": "AddPack",
    "PAD": "AddPad",
    "PADV2": "AddPadV2",
    "PRELU": "AddPrelu",
    "QUANTIZE": "AddQuantize",
    "REDUCE_MAX": "AddReduceMax",
    "REDUCE_MIN": "AddReduceMin",
    "RELU": "AddRelu",
    "RELU6": "AddRelu6",
    "RESHAPE": "AddReshape",
    "RESIZE_BILINEAR": "AddResizeBilinear",
    "RESIZE_NEAREST_NEIGHBOR": "AddResizeNearestNeighbor",
    "REVERSE_V2": "AddReverseV2",
    "ROUND": "AddRound",
    "RSQRT": "AddRsqrt",
    "SELECT_V2": "AddSelectV2",
    "SIN": "AddSin",
    "SLICE": "AddSlice",
    "SOFTMAX": "AddSoftmax",
    "SPACE_TO_DEPTH": "AddSpaceToDepth",
    "SPLIT": "AddSplit",
    "SPLIT_V": "AddSplitV",
    "SQRT": "AddSqrt",
    "SQUARE": "AddSquare",
    "SQUARED_DIFFERENCE": "AddSquaredDifference",
    "SQUEEZE": "AddSqueeze",
    "STRIDED_SLICE": "AddStridedSlice",
    "SUB": "AddSub",
    "SUM": "AddSum",
    "SVDF": "AddSvdf",
    "TANH": "AddTanh",
    "TFLite_Detection_PostProcess": "AddDetectionPostprocess",
    "TRANSPOSE": "AddTranspose",
    "TRANSPOSE_CONV": "AddTransposeConv",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
    "UNPACK": "AddUnpack",
}
"""TFLite operator -> method of tflite::MicroMutableOpResolver."""

_CLAMPS = frozenset(("RELU_0_TO_1", "RELU_N1_TO_1"))
_BINARY = frozenset(operator.NAME for operator in BINARY)
NOT_IN_MICRO = _CLAMPS | _BINARY | {TreeEnsemble.NAME, "TILE", "GELU", "SIGN", "POW", "SELECT"}
"""Operators that TensorFlow Lite Micro does not have."""

_BYTES_PER_LINE = 16


def emit_tflm(
    model: bytes, operators: Iterable[str], *, name: str, model_sha256: str, tool_version: str
) -> dict[str, str]:
    """`<name>_model_data.{h,cc}` and `<name>_op_resolver.h` by file name.

    `operators` are the TFLite operator names in the model file; order and repeats do not matter.
    Equal arguments give equal bytes. Raises UnsupportedError for an operator that TensorFlow Lite
    Micro does not have.
    """
    used = sorted(set(operators))
    absent = [operator for operator in used if operator in NOT_IN_MICRO]
    if absent:
        raise UnsupportedError(
            name,
            f"{', '.join(absent)} in a model for TensorFlow Lite Micro",
            allowed="operators of its resolver",
            hint="leave the TFLM files out"
            + ", or use RELU6 in the network" * bool(_CLAMPS & {*used})
            + ", or write TFLite's own operators: --binary-format portable"
            * bool(_BINARY & {*used}),
            code="tflm-operator",
        )
    values = {
        "name": name,
        "upper": name.upper(),
        "version": tool_version,
        "hash": model_sha256[:16],
        "size": len(model),
        "rows": _rows(model),
        "methods": [RESOLVER_METHODS[operator] for operator in used],
    }
    return {
        f"{name}_model_data.h": render("tflm_model_data.h.j2", **values),
        f"{name}_model_data.cc": render("tflm_model_data.cc.j2", **values),
        f"{name}_op_resolver.h": render("tflm_op_resolver.h.j2", **values),
    }


def _rows(model: bytes) -> list[str]:
    chunks = (model[i : i + _BYTES_PER_LINE] for i in range(0, len(model), _BYTES_PER_LINE))
    return [", ".join(f"0x{byte:02x}" for byte in chunk) + "," for chunk in chunks]
