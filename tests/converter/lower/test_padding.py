"""A PAD before a VALID convolution: the kernel reads zero points beyond the image instead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node, Quant
from edgekit.converter.ir.ops import Op, Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.lower.lower import lower
from tests.helpers.generated_c import TARGET, build, generate, run_c
from tests.helpers.int8_graphs import GraphBuilder

Q = Quant.per_tensor(0.05, -7)
Amounts = list[list[int]]


def padded(amounts: Amounts, seed: int = 0, *, fill: int | None = None) -> Graph:
    """A PAD, with `fill` a PADV2, and a convolution over 3 x 2 pixels; depthwise if seed is odd."""
    rng = np.random.default_rng(seed)
    g = GraphBuilder("padded")
    x = g.input((1, 6, 5, 3), Q)
    shape = tuple(n + sum(pair) for n, pair in zip((1, 6, 5, 3), amounts, strict=True))
    operands = [x, g.constant(np.array(amounts, np.int32), name="amounts")]
    op: Op = ops.Pad()
    if fill is not None:
        op, operands = ops.PadV2(), [*operands, g.constant(np.array(fill, np.int8), Q)]
    wide = g.node(op, operands, shape, Q, name="pad")
    depth = (1, 3, 2, shape[3]) if seed % 2 else (4, 3, 2, shape[3])
    w = rng.integers(-90, 91, depth).astype(np.int8)
    layer = g.depthwise if seed % 2 else g.conv
    stride = (1 + seed // 2 % 2, 1)
    scales = Quant.per_tensor(0.01, 0)
    y = layer(wide, w, Padding.VALID, Quant.per_tensor(0.1, 5), scales=scales, stride=stride)
    return g.graph(y)


def pads(graph: Graph) -> bool:
    verify(graph)
    return "ek_pad_s8__ref" in lower(graph, TARGET).kernels


@pytest.mark.parametrize("seed", range(6))
def test_no_copy_and_the_same_bytes(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(100 + seed)
    amounts = [[0, 0], rng.integers(0, 3, 2).tolist(), rng.integers(0, 2, 2).tolist(), [0, 0]]
    graph = padded(amounts, seed, fill=Q.zero_point if seed < 2 else None)
    assert not pads(graph)
    made = generate(graph, "padded")
    library = build([made], tmp_path, "-fsanitize=undefined", "-fno-sanitize-recover=all")
    for _ in range(4):
        x = rng.integers(-128, 128, (1, 6, 5, 3)).astype(np.int8)
        [found] = run_c(library, made, [x])
        np.testing.assert_array_equal(found, run(graph, x)[graph.outputs[0]])


@pytest.mark.parametrize(
    "amounts",
    [
        [[0, 0], [3, 0], [0, 0], [0, 0]],
        [[0, 0], [0, 3], [0, 0], [0, 0]],
        [[0, 0], [0, 0], [2, 0], [0, 0]],
        [[0, 0], [1, 1], [0, 0], [0, 1]],
    ],
)
def test_windows_of_padding_alone_and_new_channels_keep_their_pad(amounts: Amounts) -> None:
    assert pads(padded(amounts))


ROUND = [[0, 0], [1, 1], [1, 1], [0, 0]]


def test_another_fill_is_copied() -> None:
    assert pads(padded(ROUND, fill=0))


@pytest.mark.parametrize("change", ["another reader", "an output"])
def test_what_others_read_too_is_copied(change: str) -> None:
    graph = padded(ROUND)
    [pad, _] = graph.nodes
    if change == "an output":
        graph = replace(graph, outputs=(*graph.outputs, pad.output))
    else:
        more = graph.with_tensors(replace(graph[pad.output], name="z"))
        relu = Node("z", ops.Relu(), (pad.output,), ("z",))
        graph = replace(more, nodes=(*graph.nodes, relu), outputs=(*graph.outputs, "z"))
    assert pads(graph)
