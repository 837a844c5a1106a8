"""Bounds-checked reading of flatbuffers, driven by the tables in `schema`.

Layout after the public flatbuffers "internals" document: little endian; a table starts with a
signed offset back to its vtable, whose entries are 16-bit offsets of the fields, 0 when absent.
Nothing a damaged file says is believed before it is checked, and the bytes visited in total are
limited to a multiple of the file's size, so reading always ends soon.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from edgekit.converter.tflite.schema import TABLES, Field
from edgekit.errors import ModelError

_SCALARS = {
    "i8": "<b",
    "u8": "<B",
    "bool": "<?",
    "i32": "<i",
    "u32": "<I",
    "i64": "<q",
    "u64": "<Q",
    "f32": "<f",
}
_BUDGET_FACTOR = 16
_BUDGET_FLOOR = 1 << 16


@dataclass(slots=True)
class Flatbuffer:
    """A file being read; `subject` names it in errors."""

    data: bytes
    subject: str
    visited: int = field(default=0)

    def root(self, table: str) -> Table:
        """The table the file starts with."""
        return Table(self, table, self.pointer(0, "the root table"))

    def scalar(self, kind: str, position: int, what: str) -> int | float:
        """One number, after checking that it lies within the file."""
        layout = _SCALARS[kind]
        self.check(position, struct.calcsize(layout), what)
        value: int | float = struct.unpack_from(layout, self.data, position)[0]
        return value

    def pointer(self, position: int, what: str) -> int:
        """Where the offset stored at `position` leads."""
        target = position + int(self.scalar("u32", position, what))
        self.check(target, 4, what)
        return target

    def vector(self, position: int, width: int, what: str) -> tuple[int, int]:
        """Start and element count of the vector at `position`, all of it within the file."""
        count = int(self.scalar("u32", position, what))
        self.check(position + 4, count * width, what)
        return position + 4, count

    def check(self, position: int, length: int, what: str) -> None:
        """Raise ModelError unless `length` bytes at `position` exist and may still be read."""
        if position < 0 or position + length > len(self.data):
            self.fail(f"{what} lies outside the file (byte {position} of {len(self.data)})")
        self.visited += length
        if self.visited > _BUDGET_FACTOR * len(self.data) + _BUDGET_FLOOR:
            self.fail(f"{what} and others overlap without end")

    def fail(self, found: str) -> NoReturn:
        """Raise the ModelError of a damaged file."""
        raise ModelError(
            self.subject,
            f"damaged: {found}",
            hint="copy or export the file again",
            code="damaged-model",
        )


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the schema at a byte position. Every accessor raises ModelError when damaged."""

    buffer: Flatbuffer
    name: str
    position: int

    def number(self, name: str) -> int:
        """An integer or boolean field."""
        return int(self._scalar(name))

    def real(self, name: str) -> float:
        """A floating-point field."""
        return float(self._scalar(name))

    def text(self, name: str) -> str:
        """A string field, "" when absent; bytes that are no UTF-8 become U+FFFD."""
        start, count = self._vector(name, 1)
        self.buffer.check(start, count + 1, self._path(name))  # strings end in a zero byte
        return self.buffer.data[start : start + count].decode(errors="replace")

    def ints(self, name: str) -> tuple[int, ...]:
        """A vector of integers, empty when absent."""
        return tuple(int(value) for value in self._values(name))

    def reals(self, name: str) -> tuple[float, ...]:
        """A vector of float32, empty when absent."""
        return tuple(float(value) for value in self._values(name))

    def span(self, name: str) -> tuple[int, int]:
        """Position and length of a byte vector, (0, 0) when absent."""
        return self._vector(name, 1)

    def row(self, name: str, table: str = "") -> Table | None:
        """A field that is a table; `table` says which where the schema has a union."""
        position = self._find(name)
        if position is None:
            return None
        target = self.buffer.pointer(position, self._path(name))
        return Table(self.buffer, table or self._field(name).kind, target)

    def rows(self, name: str) -> tuple[Table, ...]:
        """A vector of tables, empty when absent."""
        return tuple(self._rows(name))

    def has(self, name: str) -> bool:
        """Whether the file holds the field."""
        return self._find(name) is not None

    def _rows(self, name: str) -> Iterator[Table]:
        start, count = self._vector(name, 4)
        table = self._field(name).kind.strip("[]")
        for index in range(count):
            target = self.buffer.pointer(start + 4 * index, f"{self._path(name)}[{index}]")
            yield Table(self.buffer, table, target)

    def _values(self, name: str) -> list[int | float]:
        kind = _SCALARS[self._field(name).kind.strip("[]")]
        start, count = self._vector(name, struct.calcsize(kind))
        values: list[int | float] = np.frombuffer(self.buffer.data, kind, count, start).tolist()
        return values

    def _scalar(self, name: str) -> int | float:
        row, position = self._field(name), self._find(name)
        if position is None:
            return row.default
        return self.buffer.scalar(row.kind, position, self._path(name))

    def _vector(self, name: str, width: int) -> tuple[int, int]:
        position = self._find(name)
        if position is None:
            return 0, 0
        target = self.buffer.pointer(position, self._path(name))
        return self.buffer.vector(target, width, self._path(name))

    def _find(self, name: str) -> int | None:
        """Position of the field's inline value, None when the file leaves it out."""
        what = self._path(name)
        vtable = self.position - int(self.buffer.scalar("i32", self.position, what))
        entry = 4 + 2 * self._field(name).slot
        self.buffer.check(vtable, 4, what)
        size = int.from_bytes(self.buffer.data[vtable : vtable + 2], "little")
        if entry + 2 > size:
            return None
        self.buffer.check(vtable + entry, 2, what)
        offset = int.from_bytes(self.buffer.data[vtable + entry : vtable + entry + 2], "little")
        return self.position + offset if offset else None

    def _field(self, name: str) -> Field:
        return TABLES[self.name][name]

    def _path(self, name: str) -> str:
        return f"{self.name}.{name}"
