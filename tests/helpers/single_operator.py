"""A `.tflite` of one operator, packed with the object API of ai_edge_litert's generated schema."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Quant:
    """Scale and zero point of one tensor; `real = (stored - zero_point) * scale`.

    With dtype "float32" neither counts.
    """

    scale: float
    zero_point: int = 0
    dtype: str = "int8"


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a model: constant where `data` is given, else an input or the output.

    `scale` is None (not quantized), one number (per tensor) or one per channel of `axis`.
    `zero_point` is shared by all channels.
    """

    shape: tuple[int, ...]
    dtype: str = "int8"
    scale: float | Sequence[float] | Array | None = None
    zero_point: int = 0
    axis: int = 0
    data: Array | None = None

    @property
    def scales(self) -> npt.NDArray[np.float32]:
        return np.atleast_1d(np.asarray([] if self.scale is None else self.scale, np.float32))


def skip_without(package: str) -> None:
    """Skip the running test when `package` is not installed."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"the oracle needs {package}, which is not installed")


def single_operator(
    operator: str,
    options: Any,
    inputs: Sequence[Tensor | None],
    output: Tensor | Sequence[Tensor],
) -> bytes:
    """A model of one operator. `options` is an options object of the schema, or None.

    Inputs with data become constants, None (an absent bias) is left out; the others are, in
    order, the inputs of the model.
    """
    import flatbuffers

    schema = schema_module()
    operands = [t for t in inputs if t is not None]
    results = [output] if isinstance(output, Tensor) else list(output)
    present, first = operands + results, len(operands)
    node = schema.OperatorT()
    node.inputs, node.outputs = list(range(first)), list(range(first, len(present)))
    if options is not None:
        node.builtinOptions = options
        node.builtinOptionsType = getattr(
            schema.BuiltinOptions, type(options).__name__.removesuffix("T")
        )
    graph = schema.SubGraphT()
    graph.name, graph.operators = "main", [node]
    graph.tensors = [_tensor(t, i) for i, t in enumerate(present)]
    graph.inputs = [i for i, t in enumerate(operands) if t.data is None]
    graph.outputs = list(node.outputs)
    model = schema.ModelT()
    model.version, model.description = 3, "single operator"
    model.operatorCodes = [_operator_code(operator)]
    model.subgraphs = [graph]
    model.buffers = [_buffer(None)] + [_buffer(t.data) for t in present]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _operator_code(operator: str) -> Any:
    schema = schema_module()
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, operator)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = 1
    return code


def _tensor(tensor: Tensor, index: int) -> Any:
    schema = schema_module()
    packed = schema.TensorT()
    packed.shape = list(tensor.shape)
    packed.type = getattr(schema.TensorType, tensor.dtype.upper())
    packed.buffer, packed.name = index + 1, f"t{index}"
    if tensor.scale is not None:
        packed.quantization = schema.QuantizationParametersT()
        packed.quantization.scale = tensor.scales
        packed.quantization.zeroPoint = np.full(tensor.scales.size, tensor.zero_point, np.int64)
        packed.quantization.quantizedDimension = tensor.axis
    return packed


def _buffer(data: Array | None) -> Any:
    """A buffer whose bytes start on a 16-byte boundary, as the schema's force_align asks."""
    schema = schema_module()

    class AlignedBuffer(schema.BufferT):  # type: ignore[misc, name-defined]
        def Pack(self, builder: Any) -> Any:
            if data is not None:
                raw = data.tobytes()
                builder.StartVector(1, len(raw), 16)
                builder.head -= len(raw)
                builder.Bytes[builder.head : builder.head + len(raw)] = raw
                vector = builder.EndVector()
            schema.BufferStart(builder)
            if data is not None:
                schema.BufferAddData(builder, vector)
            return schema.BufferEnd(builder)

    return AlignedBuffer()


def schema_module() -> Any:
    skip_without("ai_edge_litert")
    from ai_edge_litert import schema_py_generated

    return schema_py_generated
