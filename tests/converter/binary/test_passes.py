"""The passes on graphs made by hand: what they fold, what they keep, that nothing changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.binary.notes import binary_notes
from edgekit.converter.compress.passes import compress
from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.ops_logic import GreaterEqual, SelectV2
from edgekit.converter.ir.shapes import output_extent, padding_before
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.int8 import quantize_int8
from tests.helpers.int8_graphs import GraphBuilder

REAL = DType.FLOAT32


class Floats(GraphBuilder):
    """Float graphs with signs."""

    def real(self, op: ops.Op, inputs: list[str | None], shape: tuple[int, ...]) -> str:
        return self.node(op, inputs, shape, None, dtype=REAL)

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def sign(self, x: str) -> str:
        shape = self.tensors[x].shape
        above = self.node(GreaterEqual(), [x, self.number(0)], shape, None, dtype=DType.BOOL)
        return self.real(SelectV2(), [above, self.number(1), self.number(-1)], shape)

    def affine(self, x: str, rng: np.random.Generator, low: float = -1.5) -> str:
        shape = self.tensors[x].shape
        scale = rng.uniform(low, 1.5, shape[-1:]).astype(np.float32)
        x = self.real(ops.Mul(), [x, self.constant(scale)], shape)
        shift = rng.normal(0, 2, shape[-1:]).astype(np.float32)
        return self.real(ops.Add(), [x, self.constant(shift)], shape)

    def convolution(
        self,
        x: str,
        outputs: int,
        rng: np.random.Generator,
        *,
        stride: int = 1,
        pad: float | None = 1.0,
        activation: Activation = Activation.NONE,
        spread: float = 0.0,
        columns: tuple[int, int] | None = None,
        groups: int = 1,
    ) -> str:
        """3x3 on signs `x`; padded with `pad` (left and right by `columns`), or None: VALID."""
        n, height, width, depth = self.tensors[x].shape
        weights = rng.choice([-1.0, 1.0], (outputs, 3, 3, depth // groups))
        weights = weights * rng.uniform(0.2, 2, (outputs, 1, 1, 1))
        weights = weights * (1 + spread * rng.random(weights.shape))
        if pad is not None:
            around = columns or _same(width, stride)
            amounts = [(0, 0), _same(height, stride), around, (0, 0)]
            height, width = (
                size + sum(pair) for size, pair in zip((height, width), amounts[1:3], strict=True)
            )
            listed = self.constant(np.array(amounts, np.int32))
            operands: list[str | None] = [x, listed, self.number(pad)]
            x = self.real(ops.PadV2(), operands, (n, height, width, depth))
        shape = tuple(output_extent(s, 3, stride, 1, Padding.VALID) for s in (height, width))
        op = ops.Conv2D(Padding.VALID, stride, stride, activation=activation)
        filters = self.constant(weights.astype(np.float32))
        return self.real(op, [x, filters], (n, *shape, outputs))


def _same(size: int, stride: int) -> tuple[int, int]:
    before = padding_before(size, 3, stride, 1, Padding.SAME)
    total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
    return before, total - before


def kinds(graph: Graph) -> list[str]:
    return [node.op.NAME for node in graph.nodes]


def same(before: Graph, after: Graph, rng: np.random.Generator) -> None:
    verify(after)
    x = rng.normal(0, 1, (3, *before[before.inputs[0]].shape[1:])).astype(np.float32)
    expected, found = (run(g, x)[g.outputs[0]] for g in (before, after))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2), st.sampled_from([None, 1.0]))
def test_between_convolutions_signs_stay_packed(seed: int, stride: int, pad: float | None) -> None:
    """Multipliers of either sign, so that half the channels' weights are flipped."""
    rng = np.random.default_rng(seed)
    g = Floats("two")
    x = g.input((1, 9, 8, int(rng.integers(3, 40))), None, REAL)
    y = g.affine(g.convolution(g.sign(x), 37, rng, stride=stride, pad=pad), rng)
    graph = g.graph(g.affine(g.convolution(g.sign(y), 5, rng, pad=1.0), rng))
    small = compress(graph)
    assert kinds(small) == ["LceQuantize", "LceBconv2d", "LceBconv2d"]
    assert small.role(small.nodes[1], "threshold") is not None
    same(graph, small, rng)


def test_channels_that_are_always_one_sign_have_thresholds_beyond_all_counts() -> None:
    rng = np.random.default_rng(0)
    g = Floats("fixed")
    y = g.convolution(g.sign(g.input((1, 4, 4, 32), None, REAL)), 3, rng)
    y = g.real(ops.Mul(), [y, g.constant(np.array([0, 1, 0], np.float32))], (1, 4, 4, 3))
    y = g.real(ops.Add(), [y, g.constant(np.array([-1, 5000, 0], np.float32))], (1, 4, 4, 3))
    graph = g.graph(g.convolution(g.sign(y), 2, rng))
    small = compress(graph)
    threshold = small.role(small.nodes[1], "threshold")
    assert threshold is not None
    assert threshold.values.tolist() == [-1, 288, 288]
    same(graph, small, rng)


def test_zero_padding_goes_into_the_convolution_and_stays_unpacked() -> None:
    rng = np.random.default_rng(1)
    g = Floats("zeros")
    y = g.affine(g.convolution(g.sign(g.input((1, 6, 6, 32), None, REAL)), 34, rng, pad=0.0), rng)
    graph = g.graph(g.convolution(g.sign(y), 4, rng, pad=None))
    small = compress(graph)
    assert kinds(small) == ["LceQuantize", "LceBconv2d", "LceQuantize", "LceBconv2d"]
    op = small.nodes[1].op
    assert isinstance(op, ops.LceBconv2d)
    assert (op.padding, op.pad_values) == (Padding.SAME, 0)
    same(graph, small, rng)


def test_a_fused_activation_becomes_a_node() -> None:
    rng = np.random.default_rng(2)
    g = Floats("relu")
    x = g.sign(g.input((1, 5, 5, 8), None, REAL))
    graph = g.graph(g.convolution(x, 4, rng, activation=Activation.RELU))
    small = compress(graph)
    assert kinds(small) == ["LceQuantize", "LceBconv2d", "RELU"]
    same(graph, small, rng)


@pytest.mark.parametrize(
    ("case", "found", "advice"),
    [
        ("weights differ", "weights of one output channel differ", "binarize the kernel"),
        ("odd value", "padding with 0.5", "pad with +1"),
        ("odd amounts", "padding by [[1, 1], [2, 0]]", "as SAME would: by [[1, 1], [1, 1]]"),
        ("odd channels", "padding of zeros around 7 channels", "even number"),
        ("groups", "groups of 4 channels", "a multiple of 32"),
        ("depthwise", "a depthwise convolution of signs", "full 3x3 convolution"),
        ("product", "a product of [1, 6, 6, 8] and [5, 8]", "flatten the input"),
        ("no signs", "", ""),
    ],
)
def test_what_does_not_fit_stays_and_is_named(case: str, found: str, advice: str) -> None:
    rng = np.random.default_rng(3)
    g = Floats("stays")
    x = g.input((1, 6, 6, 7 if case == "odd channels" else 8), None, REAL)
    source = x if case == "no signs" else g.sign(x)
    pads = {"odd value": 0.5, "odd channels": 0.0}
    if case == "depthwise":
        weights = g.constant(np.ones((1, 3, 3, 8), np.float32))
        y = g.real(ops.DepthwiseConv2D(Padding.SAME), [source, weights], (1, 6, 6, 8))
    elif case == "product":
        weights = g.constant(np.ones((5, 8), np.float32))
        y = g.real(ops.FullyConnected(keep_num_dims=True), [source, weights], (1, 6, 6, 5))
    else:
        y = g.convolution(
            source,
            4,
            rng,
            spread=0.2 * (case == "weights differ"),
            pad=pads.get(case, 1.0),
            columns=(2, 0) if case == "odd amounts" else None,
            groups=2 if case == "groups" else 1,
        )
    graph = g.graph(y)
    small = compress(graph)
    assert "LceBconv2d" not in kinds(small)
    same(graph, small, rng)
    notes = binary_notes(small, "lce")
    assert len(notes) == bool(found)
    for note in notes:
        assert (note.code, note.subject) == ("unpacked-signs", graph.nodes[-1].name)
        assert f"multiplies signs as values, not packed: {found}" in note.message
        assert advice in note.advice


def test_binarized_layers_give_no_notes() -> None:
    g = Floats("fits")
    x = g.sign(g.input((1, 6, 6, 8), None, REAL))
    graph = compress(g.graph(g.convolution(x, 4, np.random.default_rng(0))))
    assert not binary_notes(graph, "lce")
    assert not binary_notes(graph, "portable")


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("last", ["sign", "values"])
def test_positive_scales_behind_a_maximum_are_folded_into_the_convolution(
    positive: bool, last: str
) -> None:
    """Larq's usual block: convolution, MaxPooling2D, BatchNormalization(scale=False)."""
    rng = np.random.default_rng(8)
    g = Floats("pooled")
    x = g.convolution(g.sign(g.input((1, 8, 8, 16), None, REAL)), 32, rng)
    x = g.real(ops.MaxPool2D(Padding.VALID, 2, 2, 2, 2), [x], (1, 4, 4, 32))
    x = g.affine(x, rng, low=0.1 if positive else -1.5)
    graph = g.graph(g.convolution(g.sign(x), 8, rng) if last == "sign" else x)
    small = compress(graph)
    same(graph, small, rng)
    packed = ["LceQuantize", "LceBconv2d", "LceBMaxPool2d", "LceBconv2d"]
    wanted = packed if last == "sign" else ["LceQuantize", "LceBconv2d", "MAX_POOL_2D"]
    assert (kinds(small) == wanted) is positive


def test_scales_of_other_maxima_stay_where_they_are() -> None:
    """In front they would be computed four times as often."""
    rng = np.random.default_rng(9)
    g = Floats("real")
    x = g.input((1, 4, 4, 8), None, REAL)
    x = g.real(ops.MaxPool2D(Padding.VALID, 2, 2, 2, 2), [x], (1, 2, 2, 8))
    assert kinds(compress(g.graph(g.affine(x, rng, low=0.1)))) == ["MAX_POOL_2D", "MUL", "ADD"]


def test_equal_signs_are_packed_once_and_values_read_elsewhere_stay() -> None:
    rng = np.random.default_rng(4)
    g = Floats("shared")
    x = g.input((1, 5, 5, 32), None, REAL)
    a = g.convolution(g.sign(x), 32, rng)
    b = g.convolution(g.sign(x), 32, rng)
    graph = g.graph(g.real(ops.Add(), [g.real(ops.Add(), [a, b], (1, 5, 5, 32)), x], (1, 5, 5, 32)))
    small = compress(graph)
    assert kinds(small).count("LceQuantize") == 1
    assert kinds(small).count("LceBconv2d") == 2
    same(graph, small, rng)


def test_quantized_the_convolutions_keep_their_real_factors() -> None:
    rng = np.random.default_rng(6)
    g = Floats("int8")
    x = g.input((1, 8, 8, 16), None, REAL)
    y = g.affine(g.convolution(g.sign(x), 32, rng), rng)
    y = g.real(ops.MaxPool2D(Padding.VALID, 2, 2, 2, 2), [y], (1, 4, 4, 32))
    small = compress(g.graph(g.affine(g.convolution(g.sign(y), 8, rng), rng)))
    assert kinds(small) == ["LceQuantize", "LceBconv2d", "LceBMaxPool2d", "LceBconv2d"]
    batch = rng.normal(0, 1, (16, 8, 8, 16)).astype(np.float32)
    graph = quantize_int8(small, [batch]).graph
    verify(graph)
    assert graph[graph.inputs[0]].dtype is graph[graph.outputs[0]].dtype is DType.INT8
    last = graph.nodes[-1]
    for role in ("multiplier", "bias"):
        tensor = graph.role(last, role)
        assert tensor is not None
        assert tensor.dtype is REAL
