"""Files with a dynamic batch: shapes and values that follow from a batch of 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.converter.tflite.raw import read_raw
from edgekit.converter.tflite.resolve import resolve
from edgekit.errors import UnsupportedError, UsageError
from tests.helpers.graph_equality import assert_same_graph
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.odd_tflite import Change, added_operator, added_tensor, changed

Q = Quant.per_tensor(0.1, 3)


def _upsampled() -> Graph:
    """What Keras writes for a nearest upsampling of height: a TILE and two RESHAPEs."""
    g = GraphBuilder("up")
    x = g.input((1, 4, 3, 2), Q)
    wide = g.reshape(x, (1, 4, 1, 6), name="wide")
    twice = g.constant(np.array([1, 1, 2, 1], np.int32))
    tiled = g.node(ops.Tile(), [wide, twice], (1, 4, 2, 6), Q, name="tiled")
    return g.graph(g.reshape(tiled, (1, 8, 3, 2), name="tall"))


def _opened(*, first: int = 1) -> Change:
    """Every activation's extents become open, from the `first` on behind the inputs; as in files
    of TensorFlow's converter the stored extent is then 1."""

    def change(module: Any, model: Any) -> None:
        graph = model.subgraphs[0]
        for index, tensor in enumerate(graph.tensors):
            if tensor.buffer and model.buffers[tensor.buffer].data is not None:
                continue
            extents = list(tensor.shape)
            open_to = 1 if index in graph.inputs else min(first + 1, len(extents))
            tensor.shapeSignature = [-1] * open_to + extents[open_to:]
            tensor.shape = [1] * open_to + extents[open_to:]

    return change


def _with_targets(graph: Graph) -> Change:
    """RESHAPEs get a constant target, with -1 for the batch."""

    def change(module: Any, model: Any) -> None:
        for operator, node in zip(model.subgraphs[0].operators, graph.nodes, strict=True):
            if isinstance(node.op, ops.Reshape):
                shape = np.array([-1, *graph.output(node).shape[1:]], np.int32)
                target = added_tensor(module, model, f"{node.name}_shape", [len(shape)], shape)
                operator.inputs = [operator.inputs[0], target]

    return change


@pytest.mark.parametrize("first", [1, 2])
def test_extents_behind_an_open_batch_follow_from_the_operators(first: int) -> None:
    graph = _upsampled()
    data = changed(write_tflite(graph), _with_targets(graph), _opened(first=first))
    found = read_tflite(data, "up")
    shapes = {node.name: found.output(node).shape for node in found.nodes}
    assert shapes == {"wide": (1, 4, 1, 6), "tiled": (1, 4, 2, 6), "tall": (1, 8, 3, 2)}
    assert_same_graph(read_tflite(write_tflite(found), "up"), found)


def test_what_only_the_run_decides_stays_refused() -> None:
    """Without a target nobody knows what the RESHAPE makes."""
    graph = _upsampled()

    def no_options(module: Any, model: Any) -> None:
        for operator in model.subgraphs[0].operators:
            operator.builtinOptions, operator.builtinOptionsType = None, 0

    data = changed(write_tflite(graph), no_options, _opened(first=1))
    with pytest.raises(UnsupportedError) as caught:
        read_tflite(data, "up")
    assert caught.value.code == "dynamic-shape"
    assert "wide" in caught.value.subject
    assert "[-1, -1, 1, 6]" in caught.value.found


def test_old_files_say_a_reshape_s_target_in_its_options() -> None:
    graph = _upsampled()

    def options(module: Any, model: Any) -> None:
        for operator, node in zip(model.subgraphs[0].operators, graph.nodes, strict=True):
            if isinstance(node.op, ops.Reshape):
                operator.builtinOptions = module.ReshapeOptionsT()
                operator.builtinOptions.newShape = [-1, *graph.output(node).shape[1:]]
                operator.builtinOptionsType = module.BuiltinOptions.ReshapeOptions

    found = read_tflite(changed(write_tflite(graph), options, _opened(first=1)), "up")
    assert found["tall"].shape == (1, 8, 3, 2)


def _first_state(module: Any, model: Any) -> None:
    """The second operand of the ADD is filled at run time, as the state of an unrolled GRU is."""
    graph = model.subgraphs[0]
    state = graph.operators[0].inputs[1]
    extents = added_tensor(module, model, "extents", [2], np.array([1, 3], np.int32))
    value = added_tensor(module, model, "value", [], np.array(-7, np.int8))
    graph.tensors[value].quantization = graph.tensors[state].quantization
    graph.tensors[state].buffer = 0
    fill = added_operator(module, model, "FILL", [extents, value], [state], module.FillOptionsT())
    graph.operators.insert(0, fill)


def test_a_fill_becomes_a_constant_with_its_quantization() -> None:
    g = GraphBuilder("state")
    x = g.input((1, 3), Q)
    state = g.constant(np.zeros((1, 3), np.int8), Quant.per_tensor(0.25, 5), name="state")
    graph = g.graph(g.node(ops.Add(), [x, state], (1, 3), Q, name="sum"))
    found = read_tflite(changed(write_tflite(graph), _first_state), "state")
    assert [node.op.NAME for node in found.nodes] == ["ADD"]
    tensor = found.input(found.nodes[0], 1)
    assert (tensor.values.tolist(), tensor.dtype) == ([[-7, -7, -7]], DType.INT8)
    assert tensor.quant == Quant.per_tensor(0.25, 5)


def test_a_fill_that_would_not_fit_is_not_made() -> None:
    g = GraphBuilder("state")
    x = g.input((1, 3), Q)
    state = g.constant(np.zeros((1, 3), np.int8), Q, name="state")
    graph = g.graph(g.node(ops.Add(), [x, state], (1, 3), Q, name="sum"))

    def huge(module: Any, model: Any) -> None:
        _first_state(module, model)
        extents = model.subgraphs[0].operators[0].inputs[0]
        buffer = model.subgraphs[0].tensors[extents].buffer
        model.buffers[buffer].data = np.frombuffer(np.array([1 << 20, 9], np.int32), np.uint8)

    model = read_raw(changed(write_tflite(graph), huge), "state")
    assert not resolve(model).values


def test_an_open_image_size_can_be_given() -> None:
    g = GraphBuilder("any")
    x = g.input((1, 8, 10, 2), Q)
    weights = np.arange(54, dtype=np.int8).reshape(3, 3, 3, 2)
    graph = g.graph(g.conv(x, weights, ops.Padding.VALID, Q, name="conv"))

    def open_size(module: Any, model: Any) -> None:
        for tensor, channels in zip(model.subgraphs[0].tensors[:1], (2,), strict=True):
            tensor.shape, tensor.shapeSignature = [1, 1, 1, channels], [-1, -1, -1, channels]
        out = model.subgraphs[0].tensors[model.subgraphs[0].outputs[0]]
        out.shape, out.shapeSignature = [1, 1, 1, 3], [-1, -1, -1, 3]

    data = changed(write_tflite(graph), open_size)
    with pytest.raises(UnsupportedError) as caught:
        read_tflite(data, "any")
    assert "--input-size" in caught.value.hint
    found = read_tflite(data, "any", size=(12, 9))
    assert found["x0"].shape == (1, 12, 9, 2)
    assert found["conv"].shape == (1, 10, 7, 3)


def test_a_fixed_image_size_is_not_changed() -> None:
    data = write_tflite(_upsampled())
    assert read_tflite(data, "up", size=(4, 3))["x0"].shape == (1, 4, 3, 2)
    with pytest.raises(UsageError) as caught:
        read_tflite(data, "up", size=(8, 8))
    assert (caught.value.code, "4x3" in caught.value.allowed) == ("input-size", True)
