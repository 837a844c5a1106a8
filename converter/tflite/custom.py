"""Custom operators: their options are a flexbuffer map from names to numbers.

LCE's kernels refuse a file that lacks one of their keys, so all are written, and all are wanted but
those that the kernel itself has a value for.
"""

from __future__ import annotations

import struct
from dataclasses import Field, fields
from typing import Any, NoReturn

import numpy as np
from flatbuffers import flexbuffers

from edgekit.converter.ir.ops_base import Activation, Op, Padding
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_detection import DetectionPostProcess
from edgekit.converter.ir.ops_trees import TreeEnsemble
from edgekit.converter.tflite.raw import RawOperator

CUSTOM_OPERATORS: dict[str, type[Op]] = {
    **{operator.NAME: operator for operator in BINARY},
    DetectionPostProcess.NAME: DetectionPostProcess,
    TreeEnsemble.NAME: TreeEnsemble,
}
"""Custom operators that the IR has, by their names in a file."""

_KEYS = {
    "channels_in": "channels_in",
    "padding": "padding",
    "pad_values": "pad_values",
    "stride_h": "stride_height",
    "stride_w": "stride_width",
    "dilation_h": "dilation_height_factor",
    "dilation_w": "dilation_width_factor",
    "activation": "fused_activation_function",
    "filter_h": "filter_height",
    "filter_w": "filter_width",
}
"""IR attribute -> key of the map, where it is another word."""

_OPTIONAL = frozenset(("detections_per_class", "use_regular_nms"))
"""Attributes that files may leave out."""

_PADDINGS = (Padding.SAME, Padding.VALID)
_ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU_N1_TO_1, Activation.RELU6)
_WORDS: dict[str, tuple[Any, ...]] = {"padding": _PADDINGS, "activation": _ACTIVATIONS}
_MOST_KEYS = 64
_LARGEST = (1 << 31) - 1


def read_custom(raw: RawOperator) -> Op:
    """The IR operator of a stored custom one. Raises ModelError for options that are damaged, or
    lack what the operator needs."""
    operator = CUSTOM_OPERATORS[raw.name]
    rows = fields(operator)
    if not rows:
        return operator()
    stored = _map(raw)
    present = [row for row in rows if row.name not in _OPTIONAL or _key(row) in stored]
    return operator(**{row.name: _value(raw, stored, row) for row in present})


def custom_options(op: Op) -> bytes:
    """The options of a custom operator as a file has them; empty without attributes."""
    values: dict[str, int | float | bool] = {}
    for row in fields(op):
        value = getattr(op, row.name)
        words = _WORDS.get(row.name)
        values[_key(row)] = words.index(value) if words else value
    if not values:
        return b""
    return bytes(flexbuffers.Dumps(dict(sorted(values.items()))))


def _key(row: Field[Any]) -> str:
    return _KEYS.get(row.name, row.name)


def _value(raw: RawOperator, stored: dict[str, int | float], row: Field[Any]) -> Any:
    key = _key(row)
    if key not in stored:
        _fail(raw, f"has no {key} in its options")
    value, words = stored[key], _WORDS.get(row.name)
    if row.type == "float":
        return _float32(value)
    if row.type == "bool":
        return bool(value)
    if value != value or abs(value) == float("inf"):
        _fail(raw, f"has {key} {value}")
    value = int(value)
    if words is None:
        lowest = 0 if row.name == "pad_values" else 1
        if not lowest <= value <= _LARGEST:
            _fail(raw, f"has {key} {value}")
        return value
    if not 0 <= value < len(words):
        _fail(raw, f"has {key} {value}")
    return words[value]


def _float32(value: float) -> float:
    """The nearest float32, which is what kernels read."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def _map(raw: RawOperator) -> dict[str, int | float]:
    """The numbers of the options. Flexbuffers are read back to front by offsets that a damaged
    file may hold any of, so whatever goes wrong says the same."""
    start, length = raw.table.span("custom_options")
    data = raw.table.buffer.data[start : start + length]
    try:
        root = flexbuffers.GetRoot(bytearray(data))
        if not root.IsMap or len(root.AsMap) > _MOST_KEYS:
            raise ValueError
        rows = root.AsMap
        return {
            str(key.AsKey): float(value.AsFloat) if value.IsFloat else int(value.AsInt)
            for key, value in zip(rows.Keys, rows.Values, strict=True)
            if value.IsInt or value.IsBool or value.IsFloat
        }
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, struct.error):
        _fail(raw, "has options that are no map of numbers")


def _fail(raw: RawOperator, found: str) -> NoReturn:
    raw.table.buffer.fail(f"operator {raw.index} ({raw.name}) {found}")
