"""What a .tflite file says, before any judgement: any valid file can be read this far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_detection import DetectionPostProcess
from edgekit.converter.ir.ops_trees import TreeEnsemble
from edgekit.converter.tflite.flatbuf import Flatbuffer, Table
from edgekit.converter.tflite.schema import (
    CUSTOM,
    FILE_IDENTIFIER,
    OPERATORS,
    PLACEHOLDER_CODE,
    SCHEMA_VERSION,
    TENSOR_TYPES,
)
from edgekit.errors import ModelError

MAX_RANK = 8
KNOWN_CUSTOM = frozenset(
    (*(operator.NAME for operator in BINARY), DetectionPostProcess.NAME, TreeEnsemble.NAME)
)
MAX_NAME = 16384


@dataclass(frozen=True, slots=True)
class RawTensor:
    """A tensor as stored. `signature` is its shape with -1 for extents known only at run time."""

    index: int
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    bits: int
    buffer: int
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0
    variable: bool = False
    sparse: bool = False
    blockwise: bool = False
    """Whether it is quantized by another scheme than scales along one axis."""
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    """The least and greatest real values, where they were recorded."""


@dataclass(frozen=True, slots=True)
class RawOperator:
    """An operator as stored; tensor index -1 stands for an absent input. `attributes` are those
    that a rewrite at reading decided."""

    index: int
    name: str
    custom: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_type: int
    table: Table
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawSubgraph:
    """Tensors and the operators between them, in execution order."""

    name: str
    tensors: tuple[RawTensor, ...]
    operators: tuple[RawOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RawSignature:
    """Names an application may use for the inputs and outputs, by tensor index."""

    key: str
    inputs: dict[int, str]
    outputs: dict[int, str]


@dataclass(frozen=True, slots=True)
class RawModel:
    """A whole file. `buffers` are (start, length) within `data`."""

    data: bytes
    subject: str
    description: str
    subgraphs: tuple[RawSubgraph, ...]
    buffers: tuple[tuple[int, int], ...]
    signatures: tuple[RawSignature, ...]
    metadata: Mapping[str, int] = field(default_factory=dict)
    """Number of the buffer that holds each entry's value, by the entry's name."""

    @property
    def main(self) -> RawSubgraph:
        """The subgraph that is run."""
        return self.subgraphs[0]

    def constant(self, tensor: RawTensor) -> bool:
        """Whether the file holds the tensor's value."""
        return self.buffers[tensor.buffer][1] > 0

    def fact(self, name: str) -> str:
        """A metadata entry as text; "" where there is none, or what it says is no text."""
        number = self.metadata.get(name, 0)
        start, length = self.buffers[number] if number < len(self.buffers) else (0, 0)
        content = self.data[start : start + length]
        return content.decode("ascii") if content.isascii() else ""

    def fail(self, found: str) -> NoReturn:
        """Raise the ModelError of a damaged file."""
        Flatbuffer(self.data, self.subject).fail(found)


def read_raw(data: bytes, subject: str) -> RawModel:
    """The file's content. Raises ModelError for what is no .tflite file or a damaged one."""
    _check_kind(data, subject)
    buffer = Flatbuffer(data, subject)
    root = buffer.root("Model")
    version = root.number("version")
    if version != SCHEMA_VERSION:
        buffer.fail(f"schema version {version} instead of {SCHEMA_VERSION}")
    codes = [_operator_code(row) for row in root.rows("operator_codes")]
    buffers = tuple(_buffer_span(buffer, row) for row in root.rows("buffers"))
    subgraphs = tuple(_subgraph(buffer, row, codes, len(buffers)) for row in root.rows("subgraphs"))
    if not subgraphs:
        buffer.fail("it holds no subgraph")
    signatures = tuple(_signature(row) for row in root.rows("signature_defs"))
    metadata = {row.text("name"): row.number("buffer") for row in root.rows("metadata")}
    return RawModel(
        data, subject, root.text("description"), subgraphs, buffers, signatures, metadata
    )


_KINDS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (.h5)", "rename it to .h5"),
    (b"PK\x03\x04", "a zip archive (.keras perhaps)", "rename it to .keras, or unpack it"),
    (b"\x7fELF", "an ELF program", "give the model file"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"<", "an HTML or XML page", "download the file itself"),
    (b"version https://git-lfs", "a Git LFS pointer", "run `git lfs pull`"),
)


def _check_kind(data: bytes, subject: str) -> None:
    """Refuse what is plainly another kind of file, and say which."""
    if not data:
        raise ModelError(
            subject, "the file is empty", hint="copy or export it again", code="empty-model"
        )
    if data[4:8] == FILE_IDENTIFIER:
        return
    found, hint = "no TFLite mark (TFL3 at byte 4)", "give a .tflite file"
    for magic, kind, advice in _KINDS:
        if data.startswith(magic):
            found, hint = kind, advice
    if len(data) < 8:
        found, hint = f"only {len(data)} bytes long", "copy or export it again"
    raise ModelError(subject, f"not a TFLite file: {found}", hint=hint, code="not-tflite")


def _operator_code(row: Table) -> tuple[str, str, int]:
    """Name, custom name and version. Old files use the 8-bit field alone. A custom operator of the
    IR goes by its own name."""
    number = max(row.number("builtin_code"), row.number("deprecated_builtin_code"))
    if row.number("deprecated_builtin_code") < 0 or number < 0:
        row.buffer.fail(f"operator number {number}")
    name = OPERATORS[number] if number < len(OPERATORS) else f"BUILTIN_{number}"
    if number == PLACEHOLDER_CODE:
        row.buffer.fail("an operator without its number")
    custom = row.text("custom_code") if name == CUSTOM else ""
    if custom in KNOWN_CUSTOM:
        name, custom = custom, ""
    return name, custom, row.number("version")


def _buffer_span(buffer: Flatbuffer, row: Table) -> tuple[int, int]:
    """Where a buffer's bytes are: inside the flatbuffer, or behind it in files above 2 GB."""
    start, length = row.span("data")
    offset, size = row.number("offset"), row.number("size")
    if offset <= 1 or length:
        return start, length
    buffer.check(offset, size, "Buffer.offset")
    return offset, size


def _subgraph(
    buffer: Flatbuffer, row: Table, codes: list[tuple[str, str, int]], buffers: int
) -> RawSubgraph:
    tensors = tuple(_tensor(i, entry, buffers) for i, entry in enumerate(row.rows("tensors")))
    operators = tuple(
        _operator(i, entry, codes, len(tensors)) for i, entry in enumerate(row.rows("operators"))
    )
    inputs, outputs = row.ints("inputs"), row.ints("outputs")
    _check_indices(buffer, (*inputs, *outputs), len(tensors), "SubGraph.inputs or .outputs")
    return RawSubgraph(row.text("name"), tensors, operators, inputs, outputs)


def _operator(
    index: int, row: Table, codes: list[tuple[str, str, int]], tensors: int
) -> RawOperator:
    code = row.number("opcode_index")
    if code >= len(codes):
        row.buffer.fail(f"operator {index} has code {code} of {len(codes)}")
    inputs, outputs = row.ints("inputs"), row.ints("outputs")
    present = tuple(i for i in inputs if i != -1)
    _check_indices(row.buffer, (*present, *outputs), tensors, f"operator {index}")
    name, custom, version = codes[code]
    kind = row.number("builtin_options_type")
    return RawOperator(index, name, custom, version, inputs, outputs, kind, row)


def _check_indices(buffer: Flatbuffer, indices: tuple[int, ...], count: int, what: str) -> None:
    for index in indices:
        if not 0 <= index < count:
            buffer.fail(f"{what} refers to tensor {index} of {count}")


def _tensor(index: int, row: Table, buffers: int) -> RawTensor:
    kind, buffer = row.number("type"), row.number("buffer")
    if not 0 <= kind < len(TENSOR_TYPES):
        row.buffer.fail(f"tensor {index} has element type {kind}")
    if buffer >= buffers:
        row.buffer.fail(f"tensor {index} has buffer {buffer} of {buffers}")
    dtype, bits = TENSOR_TYPES[kind]
    shape = row.ints("shape")
    signature = row.ints("shape_signature") or shape
    if max(len(shape), len(signature)) > MAX_RANK or any(extent < -1 for extent in shape):
        row.buffer.fail(f"tensor {index} has shape {list(shape[:MAX_RANK])} of rank {len(shape)}")
    name = row.text("name")[:MAX_NAME]
    base = RawTensor(index, name, shape, signature, dtype, bits, buffer)
    return _with_details(base, row)


def _with_details(tensor: RawTensor, row: Table) -> RawTensor:
    """The tensor with its quantization and its rarer traits."""
    variable, sparse = bool(row.number("is_variable")), row.has("sparsity")
    quant = row.row("quantization")
    scales = () if quant is None else quant.reals("scale")
    zeros = () if quant is None else quant.ints("zero_point")
    if scales and not zeros:
        zeros = (0,) * len(scales)
    if len(zeros) != len(scales) and scales:
        row.buffer.fail(
            f"tensor {tensor.index} has {len(scales)} scales and {len(zeros)} zero points"
        )
    return RawTensor(
        tensor.index,
        tensor.name,
        tensor.shape,
        tensor.signature,
        tensor.dtype,
        tensor.bits,
        tensor.buffer,
        scales,
        zeros if scales else (),
        0 if quant is None else quant.number("quantized_dimension"),
        variable,
        sparse,
        quant is not None and quant.number("details_type") != 0,
        () if quant is None else quant.reals("min"),
        () if quant is None else quant.reals("max"),
    )


def _signature(row: Table) -> RawSignature:
    return RawSignature(
        row.text("signature_key"),
        {entry.number("tensor_index"): entry.text("name") for entry in row.rows("inputs")},
        {entry.number("tensor_index"): entry.text("name") for entry in row.rows("outputs")},
    )
