"""Layers of real networks, run with every kernel that can, their instructions counted in QEMU.

One graph holds all layers side by side, each with an input and an output of its own. It is built
and run once for the cheapest kernel of every layer, once for the second cheapest, and so on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.run import RunResult
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.lower import assemble, select
from edgekit.converter.lower.variants import Request
from edgekit.converter.tflite import write_tflite
from edgekit.deploy.bench import bench_inputs
from edgekit.deploy.bench_board import run_board
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.convert import convert
from edgekit.deploy.keeper import Keeper
from tests.helpers.int8_graphs import UNIT, GraphBuilder

BYTES = Quant.per_tensor(0.05, -4)
RELU = Activation.RELU
Shape = tuple[int, ...]
Make = Callable[[GraphBuilder, np.random.Generator], str]


@dataclass(frozen=True)
class Counted:
    """One layer with one kernel: what the cost model said and what the board counted."""

    layer: str
    kernel: str
    estimate: int
    count: int
    chosen: bool

    @property
    def ratio(self) -> float:
        return self.count / self.estimate


def conv(size: int, inputs: int, outputs: int, kernel: int, stride: int = 1) -> Make:
    """A convolution of a square image, SAME, with ReLU."""

    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        x = g.input((1, size, size, inputs), BYTES)
        weights = rng.integers(-127, 128, (outputs, kernel, kernel, inputs)).astype(np.int8)
        bias = rng.integers(-9_000, 9_000, outputs).astype(np.int32)
        out = Quant.per_tensor(0.05 * 0.01 * 40 * (kernel * kernel * inputs) ** 0.5, -128)
        return g.conv(
            x, weights, Padding.SAME, out, bias=bias, stride=(stride, stride), activation=RELU
        )

    return make


def depthwise(
    size: int, channels: int, stride: int = 1, kernel: int = 3, *, width: int = 0
) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        x = g.input((1, size, width or size, channels), BYTES)
        weights = rng.integers(-127, 128, (1, kernel, kernel, channels)).astype(np.int8)
        bias = rng.integers(-9_000, 9_000, channels).astype(np.int32)
        out = Quant.per_tensor(0.1, -128)
        return g.depthwise(
            x, weights, Padding.SAME, out, bias=bias, stride=(stride, stride), activation=RELU
        )

    return make


def dense(inputs: int, outputs: int) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        x = g.input((1, inputs), BYTES)
        weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        bias = rng.integers(-9_000, 9_000, outputs).astype(np.int32)
        return g.dense(x, weights, Quant.per_tensor(0.5, 3), bias=bias)

    return make


def pool(op: Callable[..., ops.Op], height: int, width: int, channels: int, taps: int) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        x = g.input((1, height, width, channels), BYTES)
        tall, wide = (taps, taps) if taps else (height, width)
        shape = (1, height // tall, width // wide, channels)
        return g.node(op(Padding.VALID, tall, wide, tall, wide), [x], shape, BYTES)

    return make


def add(size: int, channels: int) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        shape = (1, size, size, channels)
        a, b = g.input(shape, BYTES), g.input(shape, Quant.per_tensor(0.04, 7))
        return g.node(ops.Add(), [a, b], shape, Quant.per_tensor(0.08, 1))

    return make


def softmax(classes: int) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        return g.unary(ops.Softmax(), g.input((1, classes), BYTES), UNIT)

    return make


def rows_of(rows: int, classes: int) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        return g.unary(ops.Softmax(), g.input((1, rows, classes), BYTES), UNIT)

    return make


def unary(op: ops.Op, size: int, output: Quant = BYTES) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        return g.unary(op, g.input((1, size), BYTES), output)

    return make


def binary(op: ops.Op, size: int, channels: int) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        shape = (1, size, size, channels)
        a, b = g.input(shape, BYTES), g.input(shape, BYTES)
        return g.node(op, [a, b], shape, BYTES)

    return make


def slopes(size: int, channels: int) -> Make:
    """PRELU with a slope for each channel."""

    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        x = g.input((1, size, size, channels), BYTES)
        alpha = rng.integers(-128, 128, (1, 1, channels)).astype(np.int8)
        operands = [x, g.constant(alpha, Quant.per_tensor(0.004, 3))]
        return g.node(ops.Prelu(), operands, (1, size, size, channels), BYTES)

    return make


def moved(op: ops.Op, shape: Shape, output: Shape, *numbers: object, times: int = 1) -> Make:
    """An operator on `times` inputs of one shape, then int32 constants."""

    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        inputs = [g.input(shape, BYTES) for _ in range(times)]
        inputs += [g.constant(np.asarray(n, np.int32)) for n in numbers]
        return g.node(op, inputs, output, BYTES)

    return make


def grown(size: int, inputs: int, outputs: int, kernel: int = 3) -> Make:
    """TRANSPOSE_CONV with stride 2."""

    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        x = g.input((1, size, size, inputs), BYTES)
        weights = rng.integers(-127, 128, (outputs, kernel, kernel, inputs)).astype(np.int8)
        shape = (1, 2 * size, 2 * size, outputs)
        operands = [
            g.constant(np.asarray(shape, np.int32)),
            g.constant(weights, Quant.per_tensor(0.01, 0)),
            x,
        ]
        return g.node(ops.TransposeConv(Padding.SAME, 2, 2), operands, shape, BYTES)

    return make


def arg_max(count: int) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        operands = [g.input((1, count), BYTES), g.constant(np.asarray(1, np.int32))]
        return g.node(ops.ArgMax(), operands, (1,), None, dtype=DType.INT32)

    return make


def product(rows: int, inner: int, columns: int, *, turned: bool = False) -> Make:
    """A matrix product; `turned`: the second matrix lies transposed."""

    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        second = (1, columns, inner) if turned else (1, inner, columns)
        a, b = g.input((1, rows, inner), BYTES), g.input(second, BYTES)
        return g.node(ops.BatchMatmul(adj_y=turned), [a, b], (1, rows, columns), BYTES)

    return make


def filters(depth: int, units: int, memory: int) -> Make:
    """SVDF of rank 2."""

    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        weights = rng.integers(-127, 128, (2 * units, depth)).astype(np.int8)
        times = rng.integers(-32767, 32768, (2 * units, memory)).astype(np.int16)
        operands = [
            g.input((1, depth), BYTES),
            g.constant(weights, Quant.per_tensor(0.01, 0)),
            g.constant(times, Quant.per_tensor(1 / 32768, 0)),
            g.constant(np.zeros(units, np.int32), Quant.per_tensor(0.01 / 32768, 0)),
        ]
        state = Tensor("", (1, 2 * units * memory), DType.INT16, Quant.per_tensor(0.01, 0))
        out = Quant.per_tensor(0.5, -128)
        return g.updating(ops.Svdf(2, RELU), operands, (1, units), out, [state])

    return make


def gated(steps: int, depth: int, units: int) -> Make:
    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        def four(*shape: int, scale: float, dtype: type = np.int8) -> list[str]:
            drawn = [rng.integers(-127, 128, shape).astype(dtype) for _ in range(4)]
            return [g.constant(values, Quant.per_tensor(scale, 0)) for values in drawn]

        weights = four(units, depth, scale=0.002)
        recurrent = four(units, units, scale=0.004)
        bias = four(units, scale=0.05 * 0.002, dtype=np.int32)
        x = g.input((1, steps, depth), BYTES)
        operands = [x, *weights, *recurrent, None, None, None, *bias, None, None]
        form = Quant.per_tensor(1 / 128, 0)
        kept = [Tensor("", (1, units), DType.INT8, form)]
        kept += [Tensor("", (1, units), DType.INT16, Quant.per_tensor(2.0**-11, 0))]
        op = ops.UnidirectionalSequenceLstm()
        return g.updating(op, operands, (1, steps, units), form, kept)

    return make


def nibbles(layer: Make) -> Make:
    """The layer with weights of 4 bits."""

    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        y = layer(g, rng)
        weights = g.tensors[str(g.nodes[-1].inputs[1])]
        few = (weights.values.astype(np.int8) >> 4).clip(-7, 7)
        g.tensors[weights.name] = replace(weights, dtype=DType.INT4, data=few)
        return y

    return make


def short(layer: Make) -> Make:
    """The layer with int16 activations."""

    def make(g: GraphBuilder, rng: np.random.Generator) -> str:
        y = layer(g, rng)
        source, _, bias = (g.tensors[str(name)] for name in g.nodes[-1].inputs)
        for tensor in (source, g.tensors[y]):
            assert tensor.quant is not None
            quant = Quant.per_tensor(tensor.quant.scale, 0)
            g.tensors[tensor.name] = replace(tensor, dtype=DType.INT16, quant=quant)
        wide = bias.values.astype(np.int64)
        g.tensors[bias.name] = replace(bias, dtype=DType.INT64, data=wide)
        return y

    return make


LAYERS: dict[str, Make] = {
    "conv 3x3 s2 3->8 of 48x48": conv(48, 3, 8, 3, 2),
    "conv 3x3 16->16 of 16x16": conv(16, 16, 16, 3),
    "conv 3x3 s2 16->32 of 16x16": conv(16, 16, 32, 3, 2),
    "conv 1x1 s2 16->32 of 16x16": conv(16, 16, 32, 1, 2),
    "conv 1x1 8->16 of 24x24": conv(24, 8, 16, 1),
    "conv 1x1 32->64 of 12x12": conv(12, 32, 64, 1),
    "conv 1x1 128->128 of 6x6": conv(6, 128, 128, 1),
    "conv 1x1 256->256 of 3x3": conv(3, 256, 256, 1),
    "depthwise 3x3 8 of 48x48": depthwise(48, 8),
    "depthwise 3x3 s2 16 of 48x48": depthwise(48, 16, 2),
    "depthwise 3x3 64 of 12x12": depthwise(12, 64),
    "depthwise 3x3 s2 128 of 6x6": depthwise(6, 128, 2),
    "depthwise 3x3 256 of 3x3": depthwise(3, 256),
    "depthwise 3x3 64 of 25x5": depthwise(25, 64, width=5),
    "depthwise 5x5 32 of 12x12": depthwise(12, 32, 1, 5),
    "dense 640->128": dense(640, 128),
    "dense 128->8": dense(128, 8),
    "dense 64->10": dense(64, 10),
    "average pool 25x5 of 64": pool(ops.AveragePool2D, 25, 5, 64, 0),
    "average pool 3x3 of 256": pool(ops.AveragePool2D, 3, 3, 256, 0),
    "max pool 2x2 of 16x16x16": pool(ops.MaxPool2D, 16, 16, 16, 2),
    "add 16x16x32": add(16, 32),
    "softmax 10": softmax(10),
    "softmax 1000": softmax(1000),
    "softmax 49 rows of 49": rows_of(49, 49),
    "sub 16x16x8": binary(ops.Sub(), 16, 8),
    "mul 16x16x8": binary(ops.Mul(), 16, 8),
    "prelu 16x16x16": slopes(16, 16),
    "maximum 16x16x8": binary(ops.Maximum(), 16, 8),
    "logistic 1024": unary(ops.Logistic(), 1024, UNIT),
    "minimum 16x16x8": binary(ops.Minimum(), 16, 8),
    "mean 7x7x320": moved(ops.Mean(), (1, 7, 7, 320), (1, 320), (1, 2)),
    "mean 8x8x32": moved(ops.Mean(), (1, 8, 8, 32), (1, 32), (1, 2)),
    "pad 16x16x8": moved(
        ops.Pad(), (1, 16, 16, 8), (1, 18, 18, 8), ((0, 0), (1, 1), (1, 1), (0, 0))
    ),
    "concat 2 of 16x16x8": moved(ops.Concatenation(3), (1, 16, 16, 8), (1, 16, 16, 16), times=2),
    "concat 2 of 8x8x64": moved(ops.Concatenation(3), (1, 8, 8, 64), (1, 8, 8, 128), times=2),
    "pad 32x32x3": moved(
        ops.Pad(), (1, 32, 32, 3), (1, 34, 34, 3), ((0, 0), (1, 1), (1, 1), (0, 0))
    ),
    "transpose 32x64": moved(ops.Transpose(), (32, 64), (64, 32), (1, 0)),
    "gather 20 of 32x64": moved(ops.Gather(0), (32, 64), (20, 64), tuple(range(20))),
    "bilinear 8x8x16 to 16x16": moved(
        ops.ResizeBilinear(), (1, 8, 8, 16), (1, 16, 16, 16), (16, 16)
    ),
    "transpose conv 16->8 of 8x8": grown(8, 16, 8),
    "transpose conv 2x2 32->16 of 8x8": grown(8, 32, 16, 2),
    "transpose conv 16->1 of 8x8": grown(8, 16, 1),
    "SVDF 40->64, memory 10": filters(40, 64, 10),
    "LSTM 32->32, 10 steps": gated(10, 32, 32),
    "int4 conv 3x3 16->16 of 16x16": nibbles(conv(16, 16, 16, 3)),
    "int4 conv 1x1 128->64 of 6x6": nibbles(conv(6, 128, 64, 1)),
    "int4 depthwise 3x3 64 of 12x12": nibbles(depthwise(12, 64)),
    "int4 depthwise 5x5 32 of 12x12": nibbles(depthwise(12, 32, 1, 5)),
    "int4 dense 640->128": nibbles(dense(640, 128)),
    "int4 dense 64->10": nibbles(dense(64, 10)),
    "int16 conv 3x3 16->16 of 16x16": short(conv(16, 16, 16, 3)),
    "int16 conv 1x1 128->64 of 6x6": short(conv(6, 128, 64, 1)),
    "int16 depthwise 3x3 64 of 12x12": short(depthwise(12, 64)),
    "int16 dense 640->128": short(dense(640, 128)),
    "int16 dense 64->10": short(dense(64, 10)),
    "arg max 512": arg_max(512),
    "matmul 16x64x16": product(16, 64, 16),
    "matmul 49x32x49 transposed": product(49, 32, 49, turned=True),
}


def graph(layers: Iterable[str]) -> Graph:
    """The layers side by side; each node is named after its layer."""
    g, rng = GraphBuilder("layers"), np.random.default_rng(11)
    outputs = [LAYERS[name](g, rng) for name in layers]
    return g.graph(*outputs)


@cache
def counted(board: str, most: int = 99) -> tuple[Counted, ...]:
    """Every layer with every kernel that `board` has for it, or the `most` cheapest."""
    names = tuple(LAYERS)
    found: list[Counted] = []
    with tempfile.TemporaryDirectory(prefix="edgekit-counted-") as folder:
        for rank in range(most):
            fresh = _pass(Path(folder) / str(rank), board, names, rank)
            if not fresh:
                break
            found += fresh
    return tuple(found)


def _pass(folder: Path, board: str, names: Sequence[str], rank: int) -> list[Counted]:
    """The layers that have a kernel of this rank (0: the cheapest), counted with it."""
    ranks: list[int] = []

    def ranked(
        table: select.KernelTable, request: Request, isas: Sequence[str], _: int
    ) -> select.Choice:
        best = select.choose(table, request, isas)
        able = {best.kernel.function: best.cost}
        able |= {other.kernel: other.estimate for other in best.refused if other.estimate}
        order = sorted(able, key=lambda name: able[name])  # stable: ties as `choose` broke them
        ranks.append(min(rank, len(order) - 1))
        taken = order[ranks[-1]]
        kernels = table[request.call.family]
        return select.Choice(next(k for k in kernels if k.function == taken), able[taken])

    model = folder.with_suffix(".tflite")
    model.write_bytes(write_tflite(graph(names)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assemble, "choose", ranked)
        convert(model, target=board, output_dir=folder)
    if rank not in ranks:
        return []
    run, steps = _run(folder), open_bundle(folder).manifest.steps
    layers = dict(zip(dict.fromkeys(step.layer for step in steps), names, strict=True))
    return [
        Counted(layers[step.layer], step.kernel, step.estimate, round(cost.count), rank == 0)
        for step, cost, at in zip(steps, run.steps, ranks, strict=True)
        if at == rank
    ]


def _run(folder: Path) -> RunResult:
    bundle, options = open_bundle(folder), BenchOptions(samples=1)
    inputs = bench_inputs(bundle, options)
    (run,) = run_board(
        bundle, bundle.target(None), inputs, options, lambda *a: None, Keeper.begin(None, {})
    ).runs
    assert (run.outputs_checked, run.outputs_equal) == (1, 1)
    return run
