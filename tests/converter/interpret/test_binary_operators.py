"""Binarized operators against loops over single values."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.bits import unpack_bits
from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import DType, Graph, Node, Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.shapes import padding_before
from tests.helpers.binary_graphs import Case, bconv_graph, pool_graph, random_case, random_values
from tests.helpers.int8_graphs import GraphBuilder


def naive_counts(graph: Graph, node: Node, packed: np.ndarray) -> np.ndarray:
    """Bits that differ, one after the other; a padded 0 adds one half."""
    op = node.op
    assert isinstance(op, ops.LceBconv2d)
    x, filters = unpack_bits(packed, op.channels_in), graph.input(node, 1)
    outputs, kernel_h, kernel_w, own_words = filters.shape
    own = op.channels_in * own_words // packed.shape[3]
    weights = unpack_bits(filters.values.astype(np.int32), own)
    groups = op.channels_in // own
    top = padding_before(x.shape[1], kernel_h, op.stride_h, op.dilation_h, op.padding)
    left = padding_before(x.shape[2], kernel_w, op.stride_w, op.dilation_w, op.padding)
    _, rows, columns, _ = graph.output(node).shape
    acc = np.zeros((rows, columns, outputs))
    for i, j, o in np.ndindex(rows, columns, outputs):
        first = o * groups // outputs * own
        for a, b in np.ndindex(kernel_h, kernel_w):
            h = i * op.stride_h + a * op.dilation_h - top
            w = j * op.stride_w + b * op.dilation_w - left
            inside = 0 <= h < x.shape[1] and 0 <= w < x.shape[2]
            if inside:
                acc[i, j, o] += np.sum(x[0, h, w, first : first + own] ^ weights[o, a, b])
            else:
                acc[i, j, o] += np.sum(weights[o, a, b]) if op.pad_values else own / 2
    return acc


@pytest.mark.parametrize("seed", range(12))
def test_packed_outputs_count_differing_bits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = bconv_graph(random_case(rng, output=DType.INT32, size=(6, 5)), rng)
    node = graph.nodes[1]
    x = random_values(graph, rng)
    kept = run(graph, x, keep="all")
    acc = naive_counts(graph, node, kept[node.inputs[0] or ""])
    found = unpack_bits(kept[node.output], graph.input(node, 1).shape[0])[0]
    np.testing.assert_array_equal(found, acc > graph.input(node, 4).values)


@pytest.mark.parametrize("seed", range(12))
def test_float_outputs_are_the_clamped_sum_scaled(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = bconv_graph(random_case(rng, output=DType.FLOAT32, size=(6, 5)), rng)
    node = graph.nodes[1]
    kept = run(graph, random_values(graph, rng), keep="all")
    acc = naive_counts(graph, node, kept[node.inputs[0] or ""])
    op, weights = node.op, graph.input(node, 1)
    assert isinstance(op, ops.LceBconv2d)
    taps = np.prod(weights.shape[1:3]) * op.channels_in * weights.shape[3]
    taps /= kept[node.inputs[0] or ""].shape[3]
    low, high = {"NONE": (-taps, taps), "RELU": (0, taps)}.get(
        op.activation.value, (0, 6) if op.activation.value == "RELU6" else (-1, 1)
    )
    sums = np.clip(taps - 2 * acc, low, high)
    expected = sums * graph.input(node, 2).values + graph.input(node, 3).values
    np.testing.assert_allclose(kept[node.output][0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_int8_outputs_are_the_float_ones_rounded(seed: int) -> None:
    case = random_case(np.random.default_rng(seed), output=DType.FLOAT32)
    graphs = []
    for output in (DType.FLOAT32, DType.INT8):
        rng = np.random.default_rng(seed)
        random_case(rng)
        given = {name: getattr(case, name) for name in Case.__slots__}
        graphs.append(bconv_graph(Case(**{**given, "output": output}), rng))
    x = random_values(graphs[0], np.random.default_rng(seed))
    real, stored = (run(graph, x)[graph.outputs[0]] for graph in graphs)
    quant = graphs[1][graphs[1].outputs[0]].quant
    assert quant is not None
    steps = np.clip(real / quant.scale + quant.zero_point, -128, 127)
    assert np.abs(stored - steps).max() <= 0.501


@pytest.mark.parametrize("seed", range(8))
def test_pooling_is_the_maximum_of_signs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = pool_graph(rng)
    pool = graph.nodes[1].op
    assert isinstance(pool, ops.LceBMaxPool2d)
    g = GraphBuilder("plain")
    x = g.input(graph[graph.inputs[0]].shape, None, DType.FLOAT32)
    op = ops.MaxPool2D(pool.padding, pool.filter_h, pool.filter_w, pool.stride_h, pool.stride_w)
    y = g.node(op, [x], graph[graph.outputs[0]].shape, None, dtype=DType.FLOAT32)
    plain = g.graph(y)
    values = random_values(graph, rng)
    expected = run(plain, np.where(values < 0, -1, 1).astype(np.float32))[y]
    np.testing.assert_array_equal(run(graph, values)[graph.outputs[0]], expected)


def test_a_sign_is_minus_below_the_zero_point_only() -> None:
    g = GraphBuilder("sign")
    x = g.input((1, 5), Quant.per_tensor(0.1, 3), DType.INT8)
    packed = g.node(ops.LceQuantize(), [x], (1, 1), None, dtype=DType.INT32)
    found = run(g.graph(packed), np.array([[2, 3, 4, -128, 127]], np.int8))[packed]
    assert found.tolist() == [[0b01001]]


@pytest.mark.parametrize(
    ("scale", "zero", "pair"), [(0.03, 10, (43, -23)), (0.004, 100, (127, -128))]
)
def test_int8_signs_are_zero_point_and_one(scale: float, zero: int, pair: tuple[int, int]) -> None:
    g = GraphBuilder("unpacked")
    x = g.input((1, 4), None, DType.FLOAT32)
    packed = g.node(ops.LceQuantize(), [x], (1, 1), None, dtype=DType.INT32)
    y = g.node(ops.LceDequantize(), [packed], (1, 4), Quant.per_tensor(scale, zero))
    found = run(g.graph(y), np.array([[1, -1, 0, -2]], np.float32))[y]
    assert found.tolist() == [[pair[0], pair[1], pair[0], pair[1]]]


def test_a_convolution_counts_one_mac_per_sign() -> None:
    case = Case(channels=64, outputs=32, padding=Padding.SAME, size=(7, 6))
    for output in (DType.FLOAT32, DType.INT32):
        graph = bconv_graph(
            Case(**{n: getattr(case, n) for n in Case.__slots__} | {"output": output}),
            np.random.default_rng(0),
        )
        assert graph_cost(graph).macs == 7 * 6 * 32 * 9 * 64
        assert graph_cost(graph).nodes[1].weight_bytes >= 32 * 9 * 64 // 8
