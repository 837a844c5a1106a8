"""Our tables of the TFLite schema against the module that LiteRT generates from it."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.converter.tflite import schema
from tests.helpers.odd_tflite import schema as generated

_CALLS = {
    "i8": "PrependInt8Slot",
    "u8": "PrependUint8Slot",
    "bool": "PrependBoolSlot",
    "i32": "PrependInt32Slot",
    "u32": "PrependUint32Slot",
    "u64": "PrependUint64Slot",
    "f32": "PrependFloat32Slot",
}
_OFFSET = "PrependUOffsetTRelativeSlot"


class _Recorder:
    """Stands in for a flatbuffers builder and keeps the one call made to it."""

    def __init__(self) -> None:
        self.call: tuple[str, int, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        def record(slot: int, value: Any, default: Any) -> None:
            self.call = (name, slot, default)

        return record


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _fields() -> list[tuple[str, str]]:
    return [(table, field) for table, rows in schema.TABLES.items() for field in rows]


@pytest.mark.parametrize(("table", "field"), _fields())
def test_slot_kind_and_default_are_the_schema_s(table: str, field: str) -> None:
    row, recorder = schema.TABLES[table][field], _Recorder()
    getattr(generated(), f"{table}Add{_camel(field)}")(recorder, 0)
    assert recorder.call is not None
    call, slot, default = recorder.call
    assert (call, slot) == (_CALLS.get(row.kind, _OFFSET), row.slot)
    assert default == (row.default if row.kind in _CALLS else 0)


def _vectors() -> list[tuple[str, str]]:
    return [key for key in _fields() if schema.TABLES[key[0]][key[1]].kind.startswith("[")]


@pytest.mark.parametrize(("table", "field"), _vectors())
def test_vectors_have_the_schema_s_element_width(table: str, field: str) -> None:
    kind = schema.TABLES[table][field].kind
    widths = {"[i32]": 4, "[f32]": 4, "[i64]": 8, "[u8]": 1}

    class Vector:
        width = 0

        def StartVector(self, width: int, count: int, alignment: int) -> None:
            self.width = width

    vector = Vector()
    getattr(generated(), f"{table}Start{_camel(field)}Vector")(vector, 1)
    assert vector.width == widths.get(kind, 4)


def _numbers(enumeration: str) -> dict[str, int]:
    members = vars(getattr(generated(), enumeration))
    return {name: value for name, value in members.items() if not name.startswith("_")}


def test_operator_numbers() -> None:
    assert {name: i for i, name in enumerate(schema.OPERATORS)} == _numbers("BuiltinOperator")


def test_tensor_types() -> None:
    named = {name: i for i, (name, _) in enumerate(schema.TENSOR_TYPES)}
    assert named == _numbers("TensorType")


def test_small_enumerations() -> None:
    assert {name: i for i, name in enumerate(schema.PADDINGS)} == _numbers("Padding")
    activations = {name: i for i, name in enumerate(schema.ACTIVATIONS)}
    assert activations == _numbers("ActivationFunctionType")
    assert schema.OPTIONS_TYPES.items() <= _numbers("BuiltinOptions").items()
