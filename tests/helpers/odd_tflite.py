""".tflite files that EdgeKit's own writer would not write, made with LiteRT's schema module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import pytest

Change = Callable[[Any, Any], None]
"""Gets the schema module and the model in object form, and changes the model."""


def schema() -> Any:
    """LiteRT's generated schema module; skips the test where it is not installed."""
    return pytest.importorskip("ai_edge_litert.schema_py_generated")


def changed(data: bytes, *changes: Change) -> bytes:
    """The file with the changes made to its object form."""
    module = schema()
    model = module.ModelT.InitFromObj(module.Model.GetRootAs(data, 0))
    for change in changes:
        change(module, model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def operator_becomes(index: int, name: str, custom: str = "") -> Change:
    """The operator code at `index` names another operator."""

    def change(module: Any, model: Any) -> None:
        code = model.operatorCodes[index]
        code.builtinCode = getattr(module.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.customCode = custom or None

    return change


def tensor_has(index: int, **fields: Any) -> Change:
    """Fields of a tensor of the main subgraph are set."""

    def change(module: Any, model: Any) -> None:
        for name, value in fields.items():
            setattr(model.subgraphs[0].tensors[index], name, value)

    return change


def option_is(operator: int, **fields: Any) -> Change:
    """Fields of an operator's builtin options are set."""

    def change(module: Any, model: Any) -> None:
        for name, value in fields.items():
            setattr(model.subgraphs[0].operators[operator].builtinOptions, name, value)

    return change


def with_shape_arithmetic(reshape: int) -> Change:
    """A RESHAPE gets its target shape from SHAPE -> STRIDED_SLICE -> PACK, as an export with a
    dynamic batch has it."""

    def change(module: Any, model: Any) -> None:
        graph = model.subgraphs[0]
        node = graph.operators[reshape]
        source, target = node.inputs[0], graph.tensors[node.outputs[0]]
        shape = added_tensor(module, model, "shape", [len(graph.tensors[source].shape)])
        batch = added_tensor(module, model, "batch", [])
        packed = added_tensor(module, model, "packed", [len(target.shape)])
        begin, end, step = (
            added_tensor(module, model, f"slice{value}", [1], np.array([value], np.int32))
            for value in (0, 1, 1)
        )
        rest = [
            added_tensor(module, model, f"extent{extent}", [], np.array([extent], np.int32))
            for extent in target.shape[1:]
        ]
        slicing = module.StridedSliceOptionsT()
        slicing.shrinkAxisMask = 1
        packing = module.PackOptionsT()
        packing.valuesCount = len(target.shape)
        chain = [
            added_operator(module, model, "SHAPE", [source], [shape], module.ShapeOptionsT()),
            added_operator(
                module, model, "STRIDED_SLICE", [shape, begin, end, step], [batch], slicing
            ),
            added_operator(module, model, "PACK", [batch, *rest], [packed], packing),
        ]
        node.inputs = [source, packed]
        graph.operators[reshape:reshape] = chain

    return change


def with_doubled_size(resize: int) -> Change:
    """A resize gets its size from SHAPE -> STRIDED_SLICE -> MUL by 2."""

    def change(module: Any, model: Any) -> None:
        graph = model.subgraphs[0]
        node = graph.operators[resize]
        shape = added_tensor(module, model, "shape", [4])
        inner, doubled = (added_tensor(module, model, name, [2]) for name in ("inner", "doubled"))
        begin, end, step, two = (
            added_tensor(module, model, f"n{value}", [1], np.array([value], np.int32))
            for value in (1, 3, 1, 2)
        )
        slicing, product = module.StridedSliceOptionsT(), module.MulOptionsT()
        source = node.inputs[0]
        chain = [
            added_operator(module, model, "SHAPE", [source], [shape], module.ShapeOptionsT()),
            added_operator(
                module, model, "STRIDED_SLICE", [shape, begin, end, step], [inner], slicing
            ),
            added_operator(module, model, "MUL", [inner, two], [doubled], product),
        ]
        node.inputs = [source, doubled]
        graph.operators[resize:resize] = chain

    return change


def added_tensor(module: Any, model: Any, name: str, shape: list[int], data: Any = None) -> int:
    """The index of a new tensor of the main subgraph: int32, or a constant of `data`'s type."""
    tensor = module.TensorT()
    tensor.name, tensor.shape, tensor.type = name, shape, module.TensorType.INT32
    tensor.buffer = 0
    if data is not None:
        buffer = module.BufferT()
        buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
        tensor.type = getattr(module.TensorType, str(data.dtype).upper())
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def added_operator(
    module: Any, model: Any, name: str, inputs: list[int], outputs: list[int], options: Any
) -> Any:
    """A new operator with a code of its own, to be put into the main subgraph's list."""
    code = module.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(module.BuiltinOperator, name)
    model.operatorCodes.append(code)
    operator = module.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = inputs, outputs
    operator.builtinOptions = options
    operator.builtinOptionsType = getattr(
        module.BuiltinOptions, type(options).__name__.removesuffix("T")
    )
    return operator
