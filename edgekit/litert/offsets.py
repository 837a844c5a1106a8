"""Whether a .tflite file's offsets stay inside it: what stands between a cut file and a crash.

Format: FlatBuffers binary layout (little-endian; a table starts with the signed distance to its
vtable; offsets to vectors and tables are unsigned and relative to where they stand), with the
slot numbers of TensorFlow Lite's schema, version 3.
"""

from __future__ import annotations

import struct

# Slots of the TFLite schema's tables that hold offsets: a number is a vector of elements of that
# many bytes, a name a table, "[name" a vector of tables. Operator options are checked as tables
# without fields.
_SLOTS: dict[str, dict[int, int | str]] = {
    "Model": {1: "[OperatorCode", 2: "[SubGraph", 3: 1, 4: "[Buffer", 5: 4},
    "OperatorCode": {1: 1},
    "SubGraph": {0: "[Tensor", 1: 4, 2: 4, 3: "[Operator", 4: 1},
    "Tensor": {0: 4, 3: 1, 4: "Quantization", 7: 4},
    "Quantization": {0: 4, 1: 4, 2: 4, 3: 8},
    "Operator": {1: 4, 2: 4, 4: "Options", 5: 1, 7: 1, 8: 4},
    "Buffer": {0: 1},
    "Options": {},
}


def verify_offsets(data: bytes) -> None:
    """Raise ValueError unless every offset an interpreter follows stays inside the file."""
    try:
        _verify_table(data, struct.unpack_from("<I", data)[0], "Model")
    except (struct.error, IndexError):
        raise ValueError("it points outside the file (is it cut short?)") from None


def _verify_table(data: bytes, at: int, kind: str) -> None:
    """Raises struct.error or IndexError where a read would leave `data`."""
    vtable = at - struct.unpack_from("<i", data, at)[0]
    size, length = struct.unpack_from("<HH", _from(data, vtable))
    _from(data, vtable + size - 1)
    _from(data, at + length - 1)
    for slot, content in _SLOTS[kind].items():
        entry = 4 + 2 * slot
        field = struct.unpack_from("<H", data, vtable + entry)[0] if entry < size else 0
        if field:
            place = at + field
            _verify_content(data, place + struct.unpack_from("<I", data, place)[0], content)


def _verify_content(data: bytes, at: int, content: int | str) -> None:
    if isinstance(content, str) and not content.startswith("["):
        return _verify_table(data, at, content)
    count = struct.unpack_from("<I", data, at)[0]
    _from(data, at + 3 + count * (content if isinstance(content, int) else 4))
    if isinstance(content, str):
        for place in range(at + 4, at + 4 + 4 * count, 4):
            offset = struct.unpack_from("<I", data, place)[0]
            _verify_table(data, place + offset, content[1:])
    return None


def _from(data: bytes, at: int) -> memoryview:
    if not 0 <= at < len(data):
        raise IndexError(at)
    return memoryview(data)[at:]
