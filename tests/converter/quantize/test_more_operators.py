"""Float graphs with decoders, branches and gates: quantized they stay close and keep TFLite's
rules about scales."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.ir import ops, ops_logic
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.shapes import infer_shapes
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from tests.helpers.float_graphs import FloatGraph, samples

RNG = np.random.default_rng(5)


def several(g: FloatGraph, op: ops.Op, inputs: list[str], count: int) -> list[str]:
    """A node with several outputs."""
    names = [f"part_{len(g.nodes)}_{index}" for index in range(count)]
    node = Node(names[0], op, tuple(inputs), tuple(names))
    for name in names:
        g.tensors[name] = Tensor(name, (), DType.FLOAT32)
    graph = Graph("g", g.tensors, (*g.nodes, node), tuple(g.inputs), ())
    for name, shape in zip(names, infer_shapes(graph, node), strict=True):
        g.tensors[name] = Tensor(name, shape, DType.FLOAT32)
    g.nodes.append(node)
    return names


def ints(g: FloatGraph, *values: int) -> str:
    return g.constant(values, dtype="int32")


def decoder() -> Graph:
    """Convolution, PRELU, both resizes, a transposed convolution, TANH."""
    g = FloatGraph("decoder")
    x = g.conv(g.input((1, 6, 6, 3)), RNG.normal(0, 0.5, (8, 3, 3, 3)), RNG.normal(0, 0.1, 8))
    x = g.node(ops.Prelu(), [x, g.constant(RNG.uniform(0.05, 0.4, (1, 1, 8)))], "prelu")
    up = g.node(ops.ResizeBilinear(half_pixel_centers=True), [x, ints(g, 12, 12)], "bilinear")
    near = g.node(ops.ResizeNearestNeighbor(), [x, ints(g, 12, 12)], "nearest")
    y = g.node(ops.Sub(), [up, near], "sub")
    shape, w = ints(g, 1, 24, 24, 4), g.constant(RNG.normal(0, 0.5, (4, 3, 3, 8)))
    op = ops.TransposeConv(Padding.SAME, 2, 2)
    y = g.node(op, [shape, w, y, g.constant(RNG.normal(0, 0.1, 4))], "up")
    return g.graph(g.node(ops.Tanh(), [y], "tanh"))


def branches() -> Graph:
    """A split whose parts go separate ways and meet again; slices, a transpose, a maximum."""
    g = FloatGraph("branches")
    x = g.conv(g.input((1, 6, 6, 3)), RNG.normal(0, 0.5, (8, 3, 3, 3)), RNG.normal(0, 0.1, 8))
    left, right = several(g, ops.Split(), [ints(g, 3), x], 2)
    left = g.node(ops.HardSwish(), [left], "swish")
    right = g.node(ops.LeakyRelu(0.1), [right], "leaky")
    most = g.node(ops.Maximum(), [left, right], "most")
    turned = g.node(ops.Transpose(), [most, ints(g, 0, 2, 1, 3)], "turned")
    cut = g.node(ops.Slice(), [turned, ints(g, 0, 1, 1, 0), ints(g, 1, 4, 4, 4)], "cut")
    peak = g.node(ops.ReduceMax(), [cut, ints(g, 1, 2)], "peak")
    total = g.node(ops.Sum(), [most, ints(g, 1, 2)], "total")
    return g.graph(g.node(ops.Add(), [peak, total], "sum"))


def attention() -> Graph:
    """Rows by rows transposed, softmax, by rows again."""
    g = FloatGraph("attention")
    x = g.dense(g.input((1, 6, 8)), RNG.normal(0, 0.5, (8, 8)), RNG.normal(0, 0.1, 8))
    rows = g.node(ops.Reshape(), [x], "rows", (1, 6, 8))
    scores = g.node(ops.BatchMatmul(adj_y=True), [rows, rows], "scores")
    shares = g.node(ops.Softmax(0.3), [scores], "shares")
    return g.graph(g.node(ops.BatchMatmul(), [shares, rows], "mixed"))


def normalized() -> Graph:
    """A layer normalization, then its logarithms: all with int8 kernels."""
    g = FloatGraph("normalized")
    x = g.dense(g.input((1, 8)), RNG.normal(0, 0.5, (12, 8)), RNG.normal(0, 0.1, 12))
    centre = g.node(ops.Mean(True), [x, ints(g, -1)], "centre")
    apart = g.node(ops.SquaredDifference(), [x, centre], "apart")
    spread = g.node(ops.Mean(True), [apart, ints(g, -1)], "spread")
    inverse = g.node(ops.Rsqrt(), [g.node(ops.Abs(), [spread], "size")], "inverse")
    unit = g.node(ops.Mul(), [g.node(ops.Sub(), [x, centre], "centred"), inverse], "unit")
    length = g.node(ops.L2Normalization(), [unit], "length")
    least = g.node(ops.ReduceMin(True), [length, ints(g, -1)], "least")
    return g.graph(g.node(ops.LogSoftmax(), [g.node(ops.Add(), [unit, least], "sum")], "logs"))


def islands() -> Graph:
    """Operators that stay in float32 between int8 ones."""
    g = FloatGraph("islands")
    x = g.dense(g.input((1, 8)), RNG.normal(0, 0.3, (6, 8)), RNG.normal(0, 0.1, 6))
    power = g.node(ops.Exp(), [x], "power")
    total = g.node(ops.Sum(True), [power, ints(g, -1)], "total")
    share = g.node(ops.Div(), [power, total], "share")
    size = g.node(ops.Log(), [g.node(ops.Sqrt(), [total], "root")], "size")
    less = g.node(ops.Neg(), [g.node(ops.Square(), [share], "square")], "less")
    return g.graph(g.node(ops.Add(), [less, size], "sum"))


def test_what_has_no_int8_kernel_stays_in_float() -> None:
    graph = islands()
    data = samples(graph, 64)
    done = quantize_int8(graph, [data]).graph
    verify(done)
    kept = [node.op.NAME for node in done.nodes if done.output(node).dtype is DType.FLOAT32]
    assert [name for name in kept if name != "DEQUANTIZE"] == [
        "EXP", "DIV", "SQRT", "LOG", "NEG"
    ]  # fmt: skip
    assert done[done.outputs[0]].dtype is DType.INT8
    fresh = samples(graph, 16, seed=9)
    exact, found = (outputs_real(each, fresh)["sum"] for each in (graph, done))
    assert np.sqrt(np.mean((exact - found) ** 2) / np.mean(exact**2)) < 0.06


@pytest.mark.parametrize("make", [decoder, branches, attention, normalized])
def test_quantized_they_stay_close(make: object) -> None:
    assert callable(make)
    graph = make()
    data = samples(graph, 48)
    done = quantize_int8(graph, [data]).graph
    verify(done)
    assert all(done[name].dtype is DType.INT8 for name in done.activations())
    fresh = samples(graph, 16, seed=9)
    [name] = graph.outputs
    exact, found = (outputs_real(each, fresh)[name] for each in (graph, done))
    noise = np.sqrt(np.mean((exact - found) ** 2) / np.mean(exact**2))
    assert noise < 0.06, noise


def test_scales_are_those_that_tflite_demands() -> None:
    done = quantize_int8(decoder(), [samples(decoder(), 32)]).graph
    assert done["tanh"].quant == Quant.per_tensor(1 / 128, 0)
    assert done["prelu"].quant == done["bilinear"].quant == done["nearest"].quant
    weights = done.input(next(node for node in done.nodes if node.name == "up"), 1)
    assert weights.quant is not None
    assert (weights.quant.axis, len(weights.quant.scales)) == (0, 4)


def test_parts_of_a_split_and_operands_of_a_maximum_share_one_scale() -> None:
    graph = branches()
    done = quantize_int8(graph, [samples(graph, 32)]).graph
    split = next(node for node in done.nodes if isinstance(node.op, ops.Split))
    assert len({done[name].quant for name in split.outputs}) == 1
    alike = ("swish", "leaky", "most", "turned", "cut", "peak")
    assert len({done[name].quant for name in alike}) == 1


def test_the_index_of_the_largest_stays_an_integer() -> None:
    g = FloatGraph("index")
    x = g.dense(g.input((1, 8)), RNG.normal(0, 0.5, (5, 8)), RNG.normal(0, 0.1, 5))
    g.tensors["best"] = Tensor("best", (1,), DType.INT32)
    g.nodes.append(Node("best", ops.ArgMax(), (x, ints(g, -1)), ("best",)))
    graph = g.graph("best")
    done = quantize_int8(graph, [samples(graph, 64)]).graph
    assert (done["best"].dtype, done["best"].quant) == (DType.INT32, None)
    fresh = samples(graph, 64, seed=2)
    exact, found = (outputs_real(each, fresh)["best"] for each in (graph, done))
    assert np.mean(exact == found) > 0.9


@pytest.mark.parametrize(
    ("op", "bound"), [(ops.Minimum(), 1e12), (ops.Maximum(), -1e12), (ops.Minimum(), 0.5)]
)
def test_a_bound_beyond_the_values_costs_no_accuracy(op: ops.Op, bound: float) -> None:
    """Keras' normalization layers end in MINIMUM(x, 1e12)."""
    g = FloatGraph("bounded")
    x = g.input((1, 6, 4))
    y = g.node(op, [x, g.constant(np.array(bound, np.float32))], "y")
    graph = g.graph(y)
    data = samples(graph, 64)
    done = quantize_int8(graph, [data]).graph
    verify(done)
    exact, found = (outputs_real(each, data)["y"] for each in (graph, done))
    quant = done["y"].quant
    assert quant is not None
    assert np.abs(exact - found).max() <= quant.scale
    assert quant.scale < 0.05


def masked() -> Graph:
    """Attention with a mask: what a SELECT puts in for infinity leaves the scores their steps."""
    g = FloatGraph("masked")
    x = g.dense(g.input((1, 8)), RNG.normal(0, 0.5, (12, 8)), RNG.normal(0, 0.1, 12))
    seen = g.constant(np.arange(12)[None] < 9, dtype="bool")
    far = g.constant(np.full((1, 12), -1e9))
    scores = g.node(ops_logic.SelectV2(), [seen, x, far], "scores")
    high = g.node(ops_logic.Greater(), [x, g.constant(np.zeros((1, 1)))], "high", dtype="bool")
    weight = g.node(ops_logic.Cast(), [high], "weight")
    share = g.node(ops.Softmax(), [scores], "share")
    return g.graph(g.node(ops.Add(), [share, g.node(ops.Mul(), [weight, x], "gated")], "sum"))


def test_comparisons_and_masks_are_quantized() -> None:
    graph = masked()
    done = quantize_int8(graph, [samples(graph, 64)]).graph
    verify(done)
    scores, high = done["scores"], done["high"]
    assert scores.quant is not None
    assert scores.quant.scale < 0.1
    assert (high.dtype, high.quant) == (DType.BOOL, None)
    fresh = samples(graph, 16, seed=9)
    exact, found = (outputs_real(each, fresh)["sum"] for each in (graph, done))
    assert np.sqrt(np.mean((exact - found) ** 2) / np.mean(exact**2)) < 0.06


def test_a_threshold_of_zero_is_compared_at_the_other_scale() -> None:
    graph = masked()
    done = quantize_int8(graph, [samples(graph, 64)]).graph
    node = next(node for node in done.nodes if node.op.NAME == "GREATER")
    x, zero = (done.input(node, at) for at in (0, 1))
    assert zero.quant == x.quant


def test_what_int8_compares_too_coarsely_stays_in_float() -> None:
    g = FloatGraph("coarse")
    x = g.input((1, 8))
    small = g.node(ops.Mul(), [x, g.constant(np.full((1, 1), 1e-3))], "small")
    limit = g.constant(np.full((1, 1), 1e-4))
    above = g.node(ops_logic.Greater(), [small, limit], "above", dtype="bool")
    graph = g.graph(g.node(ops_logic.Cast(), [above], "y"))
    done = quantize_int8(graph, [samples(graph, 64)]).graph
    verify(done)
    node = next(node for node in done.nodes if node.op.NAME == "GREATER")
    assert done.input(node).dtype is DType.FLOAT32


def test_what_leads_to_a_logarithm_stays_in_float() -> None:
    """log(x^2 + 0.001): in int8 the sum would be 0 for half of the inputs."""
    g = FloatGraph("powers")
    x = g.dense(g.input((1, 8)), RNG.normal(0, 0.5, (12, 8)), RNG.normal(0, 0.1, 12))
    small = g.constant([1e-3])
    power = g.node(ops.Add(), [g.node(ops.Square(), [x], "square"), small], "power")
    level = g.node(ops.Log(), [power], "level")
    graph = g.graph(g.node(ops.Mul(), [level, small], "y"), level)
    done = quantize_int8(graph, [samples(graph, 64)]).graph
    verify(done)
    assert [node.op.NAME for node in done.nodes][1:] == [
        "DEQUANTIZE", "SQUARE", "ADD", "LOG", "QUANTIZE", "MUL"
    ]  # fmt: skip
    assert [t.dtype.value for name, t in done.tensors.items() if name.startswith(small)] == [
        "int8", "float32"
    ]  # fmt: skip
    fresh = samples(graph, 16, seed=9)
    exact, found = (outputs_real(each, fresh)["level"] for each in (graph, done))
    assert np.sqrt(np.mean((exact - found) ** 2) / np.mean(exact**2)) < 0.2
