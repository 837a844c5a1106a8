"""A small .tflite made field by field, for tests that need a real file and no test data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


def add_one_model(shape: tuple[int, ...] = (1, 4)) -> bytes:
    """y = x + 1 on float32 of `shape`: one ADD with a scalar constant.

    Skips the test when `ai_edge_litert`, whose schema module writes the file, is missing.
    """
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    tensors = [
        _tensor(schema, b"x", shape, 0),
        _tensor(schema, b"one", (1,), 1),
        _tensor(schema, b"y", shape, 0),
    ]
    buffers = [schema.BufferT(), schema.BufferT()]
    buffers[1].data = np.frombuffer(np.float32(1).tobytes(), np.uint8)
    return _pack(schema, tensors, buffers, schema.BuiltinOperator.ADD)


def custom_operator_model() -> bytes:
    """A model whose only operator is custom and named "Mystery"."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    tensors = [_tensor(schema, name, (1, 4), 0) for name in (b"x", b"one", b"y")]
    return _pack(schema, tensors, [schema.BufferT()], schema.BuiltinOperator.CUSTOM)


def _tensor(schema: Any, name: bytes, shape: tuple[int, ...], buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name, list(shape), buffer
    tensor.type = schema.TensorType.FLOAT32
    return tensor


def _pack(schema: Any, tensors: list[Any], buffers: list[Any], operator: int) -> bytes:
    import flatbuffers

    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = operator, operator, 1
    if operator == schema.BuiltinOperator.CUSTOM:
        code.customCode = b"Mystery"
    step = schema.OperatorT()
    step.opcodeIndex, step.inputs, step.outputs = 0, [0, 1], [2]
    if operator == schema.BuiltinOperator.ADD:
        step.builtinOptionsType = schema.BuiltinOptions.AddOptions
        step.builtinOptions = schema.AddOptionsT()
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = tensors, [step], [0], [2]
    model = schema.ModelT()
    model.version, model.subgraphs = 3, [graph]
    model.operatorCodes, model.buffers = [code], buffers
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
