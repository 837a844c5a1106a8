"""Graph -> .tflite file, without TensorFlow. The same graph gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from edgekit.converter.interpret.hybrid import is_hybrid
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor
from edgekit.converter.ir.ops import (
    Add,
    ArgMax,
    FullyConnected,
    Reshape,
    UnidirectionalSequenceLstm,
)
from edgekit.converter.ir.ops_recurrent import GATES
from edgekit.converter.tflite.complete import with_biases
from edgekit.converter.tflite.custom import CUSTOM_OPERATORS, custom_options
from edgekit.converter.tflite.legacy import as_uint8, needs_uint8
from edgekit.converter.tflite.options import COUNTS, OPTIONS_TABLE, options_values
from edgekit.converter.tflite.reader import (
    SIGNATURE_INPUTS,
    SIGNATURE_OUTPUTS,
    TRAINED_FOR,
    stored_operands,
)
from edgekit.converter.tflite.schema import (
    CUSTOM,
    FILE_IDENTIFIER,
    OPERATORS,
    OPTIONS_TYPES,
    PLACEHOLDER_CODE,
    SCHEMA_VERSION,
    TABLES,
    TENSOR_TYPES,
)
from edgekit.converter.tflite.versions import operator_version, runtime_version

_ALIGNMENT = 16
_SLOT_WRITERS = {
    "i8": "PrependInt8Slot",
    "u8": "PrependUint8Slot",
    "bool": "PrependBoolSlot",
    "i32": "PrependInt32Slot",
    "u32": "PrependUint32Slot",
    "f32": "PrependFloat32Slot",
}
_VARIABLE_OPTIONS = {
    "CALL_ONCE": "CallOnceOptions",
    "VAR_HANDLE": "VarHandleOptions",
    "READ_VARIABLE": "ReadVariableOptions",
    "ASSIGN_VARIABLE": "AssignVariableOptions",
}
_LSTM_OPERANDS = 24
_TYPE_NUMBERS = {name: number for number, (name, _) in enumerate(TENSOR_TYPES)}


def write_tflite(graph: Graph) -> bytes:
    """The graph as a .tflite file that tflite-micro, tflite-runtime and LiteRT accept.

    Holds one subgraph, a `serving_default` signature and the oldest runtime version needed.
    Constants with equal bytes share a buffer; buffers are 16-byte aligned. A CONV_2D without a
    bias gets one of zeros. What came from a legacy uint8 file is uint8 inside again.
    """
    whole = with_biases(graph)
    return _Writer(as_uint8(whole) if needs_uint8(whole) else whole).model()


class _Writer:
    """One file being built, back to front as flatbuffers are."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.builder = flatbuffers.Builder(1 << 16)
        self.order = _tensor_order(graph)
        self.updated = frozenset(graph.updated)
        self.variables = tuple(s for s in graph.states if s.read not in self.updated)
        self.inner = tuple(n.name for n in graph.nodes if _has_intermediates(graph, n))
        self.index = {name: number for number, name in enumerate(self.order)}
        self.buffers: dict[bytes, int] = {b"": 0}

    def model(self) -> bytes:
        """The whole file."""
        stored = [self.tensor(self.graph[name]) for name in self.order]
        handles = [self.handle(state) for state in self.variables]
        inner = [t for name in self.inner for t in self.intermediates(named_node(self.graph, name))]
        subgraphs = [self.subgraph(self.tables([*stored, *handles, *inner]))]
        subgraphs += [self.initialisation()] if self.variables else []
        codes = self.tables([self.operator_code(*key) for key in self.codes])
        signature = self.signature()
        metadata = [self.runtime_metadata(), *self.training_metadata()]
        description = self.builder.CreateString(
            self.graph.metadata.get("description", "") or "EdgeKit"
        )
        buffers = self.tables([self.buffer(content) for content in self.buffers])
        root = self.table(
            "Model",
            version=SCHEMA_VERSION,
            operator_codes=codes,
            subgraphs=self.tables(subgraphs),
            description=description,
            buffers=buffers,
            metadata=self.tables(metadata),
            signature_defs=self.tables([signature]),
        )
        self.builder.Finish(root, file_identifier=FILE_IDENTIFIER)
        return bytes(self.builder.Output())

    @property
    def codes(self) -> list[tuple[str, int]]:
        """Operators and versions used, in order of first use."""
        graph = self.graph
        keys = [(name, 1) for name in _VARIABLE_OPTIONS if self.variables]
        keys += [(node.op.NAME, operator_version(graph, node)) for node in graph.nodes]
        return list(dict.fromkeys(keys))

    def subgraph(self, tensors: int) -> int:
        codes = self.codes
        computed = [self.operator(node, codes) for node in self.graph.nodes]
        operators = self.tables([*self.reads(), *computed, *self.assignments()])
        name = self.builder.CreateString("main")
        inputs = self.ints([self.index[name] for name in self.graph.inputs])
        outputs = self.ints([self.index[name] for name in self.graph.outputs])
        return self.table(
            "SubGraph",
            tensors=tensors,
            inputs=inputs,
            outputs=outputs,
            operators=operators,
            name=name,
        )

    def reads(self) -> list[int]:
        """The initialisation's call, then each variable's handle and value."""
        if not self.variables:
            return []
        made = [self.plain("CALL_ONCE", [], [], init_subgraph_index=1)]
        for number, state in enumerate(self.variables):
            handle = len(self.order) + number
            made.append(self.var_handle(state, handle))
            made.append(self.plain("READ_VARIABLE", [handle], [self.index[state.read]]))
        return made

    def assignments(self) -> list[int]:
        """Each variable's next value."""
        return [
            self.plain("ASSIGN_VARIABLE", [len(self.order) + i, self.index[state.written]], [])
            for i, state in enumerate(self.variables)
        ]

    def initialisation(self) -> int:
        """The subgraph that assigns the first values."""
        count = len(self.variables)
        handles = [self.handle(state) for state in self.variables]
        values = [
            self.tensor(replace(self.graph[s.read], name=f"{s.read}_initial", data=s.initial))
            for s in self.variables
        ]
        operators = []
        for i, state in enumerate(self.variables):
            operators.append(self.var_handle(state, i))
            operators.append(self.plain("ASSIGN_VARIABLE", [i, count + i], []))
        return self.table(
            "SubGraph",
            tensors=self.tables([*handles, *values]),
            inputs=self.ints([]),
            outputs=self.ints([]),
            operators=self.tables(operators),
            name=self.builder.CreateString("initialise"),
        )

    def handle(self, state: State) -> int:
        """The tensor that stands for a variable."""
        name = self.builder.CreateString(f"{state.read}_variable")
        return self.table("Tensor", shape=self.ints([]), type=_TYPE_NUMBERS["RESOURCE"], name=name)

    def var_handle(self, state: State, output: int) -> int:
        """VAR_HANDLE; a state is known by its tensor's name, which is unique."""
        container = self.builder.CreateString("")
        shared = self.builder.CreateString(state.read)
        return self.plain("VAR_HANDLE", [], [output], container=container, shared_name=shared)

    def plain(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], **options: int
    ) -> int:
        """An operator on variables."""
        read, written = self.ints(inputs), self.ints(outputs)
        table = _VARIABLE_OPTIONS[name]
        return self.table(
            "Operator",
            opcode_index=self.codes.index((name, 1)),
            inputs=read,
            outputs=written,
            builtin_options_type=OPTIONS_TYPES[table],
            builtin_options=self.table(table, **options),
        )

    def tensor(self, tensor: Tensor) -> int:
        buffer = 0 if tensor.data is None else self.buffer_of(tensor)
        name = self.builder.CreateString(tensor.name)
        shape = self.ints(tensor.shape)
        quantization = None if tensor.quant is None else self.quantization(tensor.quant)
        if tensor.range is not None:
            quantization = self.recorded(*tensor.range)
        return self.table(
            "Tensor",
            shape=shape,
            type=_TYPE_NUMBERS[tensor.dtype.value.upper()],
            buffer=buffer,
            name=name,
            quantization=quantization,
            is_variable=tensor.name in self.updated,
        )

    def buffer_of(self, tensor: Tensor) -> int:
        """Number of the buffer with the constant's bytes; equal bytes share one."""
        return self.buffers.setdefault(stored_bytes(tensor), len(self.buffers))

    def quantization(self, quant: Quant) -> int:
        zeros = self.builder.CreateNumpyVector(np.array(quant.zero_points, np.int64))
        scales = self.builder.CreateNumpyVector(np.array(quant.scales, np.float32))
        return self.table(
            "QuantizationParameters",
            scale=scales,
            zero_point=zeros,
            quantized_dimension=quant.axis or 0,
        )

    def recorded(self, low: float, high: float) -> int:
        """The range of a float activation, which the quantizer is to take."""
        ends = (self.builder.CreateNumpyVector(np.array([end], np.float32)) for end in (low, high))
        return self.table("QuantizationParameters", min=next(ends), max=next(ends))

    def operator(self, node: Node, codes: list[tuple[str, int]]) -> int:
        operands = stored_operands(node.op.NAME, node.inputs)
        if isinstance(node.op, UnidirectionalSequenceLstm):
            operands += (None,) * (_LSTM_OPERANDS - len(operands))
        inputs = self.ints([-1 if name is None else self.index[name] for name in operands])
        written = node.outputs[:1] if node.op.STATES else node.outputs
        outputs = self.ints([self.index[name] for name in written])
        kind, options = self.options(node)
        inner = self.intermediate_indices(node)
        custom = custom_options(node.op) if node.op.NAME in CUSTOM_OPERATORS else b""
        return self.table(
            "Operator",
            opcode_index=codes.index((node.op.NAME, operator_version(self.graph, node))),
            inputs=inputs,
            outputs=outputs,
            builtin_options_type=kind,
            builtin_options=options,
            custom_options=self.blob(custom) if custom else None,
            intermediates=inner,
        )

    def intermediates(self, node: Node) -> list[int]:
        """What LiteRT wants of an int8 LSTM: formats of its four sums and of what is hidden."""
        form = Tensor("", (0,), DType.INT16, Quant.per_tensor(2**-12, 0))
        names = [f"{node.name}_{gate}_sum" for gate in GATES]
        sums = [self.tensor(replace(form, name=name)) for name in names]
        hidden = replace(self.graph.output(node), name=f"{node.name}_hidden_form", shape=(0,))
        return [*sums, self.tensor(hidden)]

    def intermediate_indices(self, node: Node) -> int | None:
        """Their indices, behind all other tensors."""
        if node.name not in self.inner:
            return None
        start = len(self.order) + len(self.variables) + 5 * self.inner.index(node.name)
        return self.ints(range(start, start + 5))

    def options(self, node: Node) -> tuple[int, int | None]:
        """Number of the options' table in the union, and the table."""
        table = OPTIONS_TABLE.get(node.op.NAME, "")
        if not table:
            return 0, None
        values: dict[str, int | float | None] = {
            name: self.ints(value) if isinstance(value, tuple) else value
            for name, value in options_values(node.op).items()
        }
        if type(node.op) in COUNTS:
            field, listed = COUNTS[type(node.op)]
            values[field] = len(getattr(node, listed))
        if isinstance(node.op, Add):  # LiteRT would compute powers of two otherwise
            values["pot_scale_int16"] = 0 if self.graph.input(node).dtype is DType.INT16 else None
        if isinstance(node.op, FullyConnected) and is_hybrid(self.graph, node):
            values["asymmetric_quantize_inputs"] = True  # as its convolutions always do
        if isinstance(node.op, ArgMax):
            values["output_type"] = _TYPE_NUMBERS[self.graph.output(node).dtype.value.upper()]
        if isinstance(node.op, Reshape):  # interpreters want it where the shape operand is absent
            values["new_shape"] = self.ints(self.graph.output(node).shape)
        return OPTIONS_TYPES[table], self.table(table, **values)

    def operator_code(self, name: str, version: int) -> int:
        known = name in CUSTOM_OPERATORS
        custom = self.builder.CreateString(name) if known else None
        number = OPERATORS.index(CUSTOM if known else name)
        return self.table(
            "OperatorCode",
            deprecated_builtin_code=min(number, PLACEHOLDER_CODE),
            custom_code=custom,
            version=version,
            builtin_code=number,
        )

    def signature(self) -> int:
        graph = self.graph
        inputs = self.tensor_map(graph.inputs, signature_names(graph, SIGNATURE_INPUTS))
        outputs = self.tensor_map(graph.outputs, signature_names(graph, SIGNATURE_OUTPUTS))
        key = self.builder.CreateString("serving_default")
        return self.table("SignatureDef", inputs=inputs, outputs=outputs, signature_key=key)

    def tensor_map(self, tensors: Sequence[str], names: Sequence[str]) -> int:
        rows = []
        for tensor, name in zip(tensors, names, strict=True):
            text = self.builder.CreateString(name)
            rows.append(self.table("TensorMap", name=text, tensor_index=self.index[tensor]))
        return self.tables(rows)

    def runtime_metadata(self) -> int:
        """The `min_runtime_version` entry: a buffer of 16 bytes, padded with zeros."""
        content = runtime_version(self.graph).encode().ljust(16, b"\0")
        return self.metadata("min_runtime_version", content)

    def training_metadata(self) -> list[int]:
        """What a quantization-aware training was for, where the graph says so."""
        known = self.graph.metadata.get(TRAINED_FOR, "")
        return [self.metadata(TRAINED_FOR, known.encode())] if known else []

    def metadata(self, name: str, content: bytes) -> int:
        """An entry whose value is a buffer."""
        number = self.buffers.setdefault(content, len(self.buffers))
        text = self.builder.CreateString(name)
        return self.table("Metadata", name=text, buffer=number)

    def buffer(self, content: bytes) -> int:
        return self.table("Buffer", data=self.blob(content) if content else None)

    def blob(self, content: bytes) -> int:
        """A byte vector that starts on a 16-byte boundary, as the schema's force_align asks."""
        builder = self.builder
        builder.StartVector(1, len(content), _ALIGNMENT)
        builder.head = builder.head - len(content)
        builder.Bytes[builder.head : builder.head + len(content)] = content
        offset: int = builder.EndVector()
        return offset

    def ints(self, values: Sequence[int]) -> int:
        offset: int = self.builder.CreateNumpyVector(np.array(values, np.int32))
        return offset

    def tables(self, offsets: Sequence[int]) -> int:
        """A vector of tables."""
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        vector: int = self.builder.EndVector()
        return vector

    def table(self, table: str, /, **values: int | float | None) -> int:
        """A table of the schema; None and default values are left out."""
        rows = TABLES[table]
        self.builder.StartObject(max((row.slot for row in rows.values()), default=-1) + 1)
        for field, value in values.items():
            row = rows[field]
            if value is None:
                continue
            if row.kind in _SLOT_WRITERS:
                getattr(self.builder, _SLOT_WRITERS[row.kind])(row.slot, value, row.default)
            else:
                self.builder.PrependUOffsetTRelativeSlot(row.slot, value, 0)
        offset: int = self.builder.EndObject()
        return offset


def _has_intermediates(graph: Graph, node: Node) -> bool:
    lstm = isinstance(node.op, UnidirectionalSequenceLstm)
    return lstm and graph.input(node).dtype is DType.INT8


def named_node(graph: Graph, name: str) -> Node:
    """The node of this name."""
    return next(node for node in graph.nodes if node.name == name)


def _tensor_order(graph: Graph) -> list[str]:
    """Graph inputs, then each node's constants and outputs: the order the reader gives them."""
    order = list(graph.inputs)
    inner = set(graph.updated)
    next_values = {state.written for state in graph.states if state.read in inner}
    for node in graph.nodes:
        order += [name for name in (*node.inputs, *node.outputs) if name is not None]
    order += [*graph.outputs, *(name for s in graph.states for name in (s.read, s.written))]
    return [name for name in dict.fromkeys(order) if name not in next_values]


def signature_names(graph: Graph, key: str) -> tuple[str, ...]:
    """The names applications use for the inputs or outputs; the tensors' own where none are set."""
    tensors = graph.inputs if key == SIGNATURE_INPUTS else graph.outputs
    names = tuple(graph.metadata.get(key, "").split("\n"))
    fits = len(names) == len(tensors) == len(set(names)) and all(names)
    return names if fits else tensors


def stored_bytes(tensor: Tensor) -> bytes:
    """A constant as the file holds it: little endian, int4 packed two to a byte."""
    array = tensor.values
    if tensor.dtype is DType.INT4:
        return pack_int4(array.astype(np.int8).reshape(-1)).tobytes()
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def pack_int4(values: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Two's complement nibbles, low one first; an odd count is padded with 0."""
    padded = np.append(values, np.zeros(len(values) % 2, np.int8)).view(np.uint8) & 0x0F
    return np.bitwise_or(padded[0::2], np.left_shift(padded[1::2], 4), dtype=np.uint8)
