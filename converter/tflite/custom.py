"""Custom operators: their options are a flexbuffer map from names to integers.

LCE's kernels refuse a file that lacks one of their keys, so all are written, and all are wanted.
"""

from __future__ import annotations

import struct
from dataclasses import fields
from typing import Any, NoReturn

from flatbuffers import flexbuffers

from edgekit.converter.ir.ops_base import Activation, Op, Padding
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.tflite.raw import RawOperator

CUSTOM_OPERATORS: dict[str, type[Op]] = {operator.NAME: operator for operator in BINARY}
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
"""IR attribute -> key of the map."""

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
    return operator(**{row.name: _value(raw, stored, row.name) for row in rows})


def custom_options(op: Op) -> bytes:
    """The options of a custom operator as a file has them; empty without attributes."""
    values: dict[str, int] = {}
    for row in fields(op):
        value = getattr(op, row.name)
        words = _WORDS.get(row.name)
        values[_KEYS[row.name]] = words.index(value) if words else int(value)
    if not values:
        return b""
    return bytes(flexbuffers.Dumps(dict(sorted(values.items()))))


def _value(raw: RawOperator, stored: dict[str, int], attribute: str) -> Any:
    key = _KEYS[attribute]
    if key not in stored:
        _fail(raw, f"has no {key} in its options")
    value, words = stored[key], _WORDS.get(attribute)
    if words is None:
        lowest = 0 if attribute == "pad_values" else 1
        if not lowest <= value <= _LARGEST:
            _fail(raw, f"has {key} {value}")
        return value
    if not 0 <= value < len(words):
        _fail(raw, f"has {key} {value}")
    return words[value]


def _map(raw: RawOperator) -> dict[str, int]:
    """The integers of the options. Flexbuffers are read back to front by offsets that a damaged
    file may hold any of, so whatever goes wrong says the same."""
    start, length = raw.table.span("custom_options")
    data = raw.table.buffer.data[start : start + length]
    try:
        root = flexbuffers.GetRoot(bytearray(data))
        if not root.IsMap or len(root.AsMap) > _MOST_KEYS:
            raise ValueError
        rows = root.AsMap
        return {
            str(key.AsKey): int(value.AsInt)
            for key, value in zip(rows.Keys, rows.Values, strict=True)
            if value.IsInt or value.IsBool
        }
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, struct.error):
        _fail(raw, "has options that are no map of integers")


def _fail(raw: RawOperator, found: str) -> NoReturn:
    raw.table.buffer.fail(f"operator {raw.index} ({raw.name}) {found}")
