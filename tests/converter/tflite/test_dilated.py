"""SPACE_TO_BATCH_ND, convolution, BATCH_TO_SPACE_ND read as one dilated convolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.errors import UnsupportedError
from edgekit.litert import open_interpreter
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.odd_tflite import added_operator, added_tensor, changed

RNG = np.random.default_rng(4)
Q, OUT = Quant.per_tensor(0.1, 3), Quant.per_tensor(0.4, -5)


def _plain(depthwise: bool, batch: int, height: int, width: int) -> Graph:
    """The convolution in the middle: VALID over `batch` interleaved images."""
    g = GraphBuilder("dilated")
    x = g.input((batch, height, width, 2), Q)
    shape = (1, 3, 3, 4) if depthwise else (4, 3, 3, 2)
    weights = RNG.integers(-127, 128, shape).astype(np.int8)
    make: Callable[..., str] = g.depthwise if depthwise else g.conv
    bias = RNG.integers(-999, 999, 4).astype(np.int32)
    return g.graph(make(x, weights, Padding.VALID, OUT, bias=bias, name="conv"))


def _taken_apart(
    graph: Graph, block: int, image: tuple[int, int], pads: list[list[int]], crops: list[list[int]]
) -> bytes:
    """The file with its convolution between the two operators that spread and gather."""
    height, width = image
    count = graph[graph.inputs[0]].shape[0]
    inner = graph[graph.outputs[0]].shape
    out = [inner[axis + 1] * block - sum(crops[axis]) for axis in (0, 1)]

    def change(module: Any, model: Any) -> None:
        main = model.subgraphs[0]
        [conv] = main.operators
        spread, joined = conv.inputs[0], conv.outputs[0]
        blocks = np.array([block, block], np.int32)
        names = ("block", "pads", "crops")
        operands = [
            added_tensor(module, model, name, list(array.shape), array)
            for name, array in zip(
                names, (blocks, np.array(pads, np.int32), np.array(crops, np.int32)), strict=True
            )
        ]
        source = added_tensor(module, model, "image", [1, height, width, 2])
        result = added_tensor(module, model, "result", [1, *out, inner[3]])
        for new, old in ((source, spread), (result, joined)):
            main.tensors[new].type = main.tensors[old].type
            main.tensors[new].quantization = main.tensors[old].quantization
        main.inputs, main.outputs = [source], [result]
        model.signatureDefs = []
        main.operators = [
            added_operator(
                module, model, "SPACE_TO_BATCH_ND", [source, *operands[:2]], [spread],
                module.SpaceToBatchNDOptionsT(),
            ),
            conv,
            added_operator(
                module, model, "BATCH_TO_SPACE_ND", [joined, operands[0], operands[2]], [result],
                module.BatchToSpaceNDOptionsT(),
            ),
        ]  # fmt: skip

    assert count == block * block
    return changed(write_tflite(graph), change)


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize(
    ("image", "pads", "crops", "padding"),
    [
        ((9, 11), [[2, 3], [2, 3]], [[0, 1], [0, 1]], Padding.SAME),
        ((10, 12), [[2, 2], [2, 2]], [[0, 0], [0, 0]], Padding.SAME),
        ((9, 11), [[0, 1], [0, 1]], [[0, 1], [0, 1]], Padding.VALID),
    ],
)
def test_one_convolution_computes_what_the_file_does(
    depthwise: bool,
    image: tuple[int, int],
    pads: list[list[int]],
    crops: list[list[int]],
    padding: Padding,
) -> None:
    spread = [(size + sum(row)) // 2 for size, row in zip(image, pads, strict=True)]
    data = _taken_apart(_plain(depthwise, 4, *spread), 2, image, pads, crops)
    graph = read_tflite(data, "dilated")
    [node] = graph.nodes
    assert isinstance(node.op, ops.Conv2D | ops.DepthwiseConv2D)
    assert (node.op.padding, node.op.dilation_h, node.op.dilation_w) == (padding, 2, 2)
    x = RNG.integers(-128, 128, (1, *image, 2)).astype(np.int8)
    [expected] = open_interpreter(data, kernels="reference").run([x])
    assert np.array_equal(run(graph, x)[graph.outputs[0]], expected)


def test_padding_that_no_single_convolution_has_stays_refused() -> None:
    """Three rows before and one behind are neither SAME nor VALID."""
    data = _taken_apart(_plain(False, 4, 7, 7), 2, (10, 10), [[3, 1], [3, 1]], [[0, 0], [0, 0]])
    with pytest.raises(UnsupportedError, match="SPACE_TO_BATCH_ND"):
        read_tflite(data, "dilated")


def test_a_result_with_another_scale_stays_refused() -> None:
    data = _taken_apart(_plain(False, 4, 7, 7), 2, (10, 10), [[2, 2], [2, 2]], [[0, 0], [0, 0]])

    def other(module: Any, model: Any) -> None:
        tensor = model.subgraphs[0].tensors[model.subgraphs[0].outputs[0]]
        tensor.quantization = module.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [0.5], [0]

    with pytest.raises(UnsupportedError, match="SPACE_TO_BATCH_ND"):
        read_tflite(changed(data, other), "dilated")


def _causal(block: int) -> bytes:
    """A dilated Conv1D over 12 steps: blocks along one axis, EXPAND_DIMS and RESHAPE inside."""
    g = GraphBuilder("causal")
    steps = 12 // block
    x = g.input((block, steps, 2), Q)
    axis = g.constant(np.array(1, np.int32))
    image = g.node(ops.ExpandDims(), [x, axis], (block, 1, steps, 2), Q, name="image")
    weights = RNG.integers(-127, 128, (4, 1, 3, 2)).astype(np.int8)
    y = g.conv(image, weights, Padding.VALID, OUT, name="conv")
    graph = g.graph(g.reshape(y, (block, steps - 2, 4), name="flat"))

    def change(module: Any, model: Any) -> None:
        main = model.subgraphs[0]
        spread, joined = main.inputs[0], main.outputs[0]
        operands = [
            added_tensor(module, model, "block", [1], np.array([block], np.int32)),
            added_tensor(module, model, "none", [1, 2], np.zeros((1, 2), np.int32)),
        ]
        source = added_tensor(module, model, "sequence", [1, 12, 2])
        result = added_tensor(module, model, "result", [1, 12 - 2 * block, 4])
        for new, old in ((source, spread), (result, joined)):
            main.tensors[new].type = main.tensors[old].type
            main.tensors[new].quantization = main.tensors[old].quantization
        main.inputs, main.outputs = [source], [result]
        model.signatureDefs = []
        first = added_operator(
            module, model, "SPACE_TO_BATCH_ND", [source, *operands], [spread],
            module.SpaceToBatchNDOptionsT(),
        )  # fmt: skip
        last = added_operator(
            module, model, "BATCH_TO_SPACE_ND", [joined, *operands], [result],
            module.BatchToSpaceNDOptionsT(),
        )  # fmt: skip
        main.operators = [first, *main.operators, last]

    return changed(write_tflite(graph), change)


@pytest.mark.parametrize("block", [2, 3, 4])
def test_a_dilated_conv1d(block: int) -> None:
    data = _causal(block)
    graph = read_tflite(data, "causal")
    assert [node.op.NAME for node in graph.nodes] == ["EXPAND_DIMS", "CONV_2D", "RESHAPE"]
    x = RNG.integers(-128, 128, (1, 12, 2)).astype(np.int8)
    [expected] = open_interpreter(data, kernels="reference").run([x])
    assert np.array_equal(run(graph, x)[graph.outputs[0]], expected)
    again = read_tflite(write_tflite(graph), "causal")
    assert again.nodes[1].op == replace(graph.nodes[1].op)
