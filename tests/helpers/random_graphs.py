"""Random int8 graphs over every operator; equal seeds give equal graphs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.ir.ops import Activation, Padding
from tests.helpers import random_moves
from tests.helpers.int8_graphs import UNIT, Array, GraphBuilder, Pair

SIGNED_UNIT = Quant.per_tensor(1 / 128, 0)


def random_graph(seed: int, steps: int = 9, *, common: bool = False) -> Graph:
    """A verified graph of about `steps` nodes over all operators; equal for equal seeds.

    `common` keeps to what tflite-micro, tflite-runtime and LiteRT all have.
    """
    return RandomGraph(seed, common).build(steps)


def random_inputs(graph: Graph, rng: np.random.Generator) -> list[Array]:
    """One array per graph input; int8 over its whole range, float32 around zero."""
    found: list[Array] = []
    for name in graph.inputs:
        tensor = graph[name]
        if tensor.dtype is DType.FLOAT32:
            found.append(rng.normal(0, 2, tensor.shape).astype(np.float32))
        else:
            info = np.iinfo(tensor.dtype.value)
            values = rng.integers(info.min, info.max + 1, tensor.shape)
            found.append(values.astype(tensor.dtype.numpy))
    return found


class RandomGraph:
    """Grows a graph from tensors that are there, preferring recent ones."""

    def __init__(self, seed: int, common: bool = False) -> None:
        self.common = common
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.g = GraphBuilder(f"random_{seed}")
        self.images: list[str] = []
        self.rows: list[str] = []

    def build(self, steps: int) -> Graph:
        self.images.append(self._start())
        if self.rng.random() < 0.3:
            first = self.g.tensors[self.images[0]].shape
            self.images.append(self.g.input(first, self.quant()))
        for _ in range(steps):
            self._grow()
        for name in self.images:
            if not self.rows or self.rng.random() < 0.2:
                self.rows.append(self._flat(name))
        outputs = self._leaves()
        if self.rng.random() < 0.3 and self.g.tensors[outputs[0]].quant is not None:
            outputs[0] = self._float(outputs[0])
        return self.g.graph(*outputs)

    def _leaves(self) -> list[str]:
        """What nobody reads: results that no output depended on would be compared with nothing."""
        read = {name for node in self.g.nodes for name in node.inputs}
        made = [name for node in self.g.nodes for name in node.outputs]
        return [name for name in made if name not in read]

    def _start(self) -> str:
        shape = (1, self.integer(4, 9), self.integer(4, 9), self.integer(1, 6))
        if self.rng.random() < 0.3:
            real = self.g.input(shape, None, DType.FLOAT32)
            return self.g.node(ops.Quantize(), [real], shape, self.quant())
        return self.g.input(shape, self.quant())

    def _grow(self) -> None:
        makers = self.makers()
        # The first step goes round all makers, so that a few dozen graphs have every operator.
        first = len(self.g.nodes) <= 1
        makers[self.seed % len(makers) if first else self.integer(0, len(makers) - 1)]()

    def makers(self) -> list[Callable[[], None]]:
        own = [
            self.conv, self.depthwise, self.transposed, self.pool, self.binary, self.lookup,
            self.choice, self.prelu, self.pad, self.concat, self.mean, self.softmax, self.dense,
            self.reshape, self.squeeze, self.rescale, self.reduced, self.arg_max, self.matmul,
            self.grouped,
        ]  # fmt: skip
        moves = [partial(make, self) for make in random_moves.MAKERS]
        return [*own, *moves, self.conv, self.conv, self.binary, self.binary, self.lookup]

    # ------------------------------------------------------------------------------- choices

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def pick(self, names: list[str]) -> str:
        return names[-1 - min(self.integer(0, 3), len(names) - 1)]

    def quant(self) -> Quant:
        scale = float(np.exp(self.rng.uniform(np.log(0.01), np.log(0.2))))
        return Quant.per_tensor(scale, self.integer(-128, 127))

    def activation(self) -> Activation:
        return list(Activation)[self.integer(0, 3)]

    def padding(self) -> Padding:
        return list(Padding)[self.integer(0, 1)]

    def codes(self, *shape: int) -> Array:
        return self.rng.integers(-127, 128, shape).astype(np.int8)

    def weight_scales(self, count: int, axis: int) -> Quant:
        if self.rng.random() < 0.3:
            return Quant.per_tensor(float(self.rng.uniform(0.001, 0.02)), 0)
        return Quant.per_channel(self.rng.uniform(0.001, 0.02, count), axis)

    def bias(self, count: int) -> Array | None:
        if self.rng.random() < 0.25:
            return None
        return self.rng.integers(-20000, 20000, count).astype(np.int32)

    def spread(self, x: str, scales: Quant, taps: int) -> Quant:
        """An output scale for which results neither vanish nor all saturate."""
        base = self.g.tensors[x].quant
        assert base is not None
        scale = base.scale * float(np.mean(scales.scales)) * 74 * 74 * np.sqrt(taps) / 40
        return Quant.per_tensor(scale, self.integer(-100, 100))

    def kernel(self, x: str, padding: Padding) -> Pair:
        _, height, width, _ = self.g.tensors[x].shape
        most = (3, 3) if padding is Padding.SAME else (min(3, height), min(3, width))
        return self.integer(1, most[0]), self.integer(1, most[1])

    # ------------------------------------------------------------------------------ operators

    def conv(self) -> None:
        x, padding = self.pick(self.images), self.padding()
        depth, count = self.g.tensors[x].shape[3], self.integer(1, 7)
        kernel = self.kernel(x, padding)
        scales = self.weight_scales(count, 0)
        stride = (self.integer(1, 2), self.integer(1, 2))
        dilated = padding is Padding.SAME and self.rng.random() < 0.3
        made = self.g.conv(
            x, self.codes(count, *kernel, depth), padding,
            self.spread(x, scales, kernel[0] * kernel[1] * depth), scales=scales,
            bias=self.bias(count), stride=stride, dilation=(2, 2) if dilated else (1, 1),
            activation=self.activation(),
        )  # fmt: skip
        self.images.append(made)

    def depthwise(self) -> None:
        x, padding = self.pick(self.images), self.padding()
        count = self.g.tensors[x].shape[3] * self.integer(1, 2)
        kernel = self.kernel(x, padding)
        scales = self.weight_scales(count, 3)
        stride = self.integer(1, 2)
        made = self.g.depthwise(
            x, self.codes(1, *kernel, count), padding,
            self.spread(x, scales, kernel[0] * kernel[1]), scales=scales,
            bias=self.bias(count), stride=(stride, stride), activation=self.activation(),
        )  # fmt: skip
        self.images.append(made)

    def transposed(self) -> None:
        x, padding = self.pick(self.images), self.padding()
        n, h, w, depth = self.g.tensors[x].shape
        if h * w > 60:
            return
        count, kernel = self.integer(1, 5), (self.integer(1, 3), self.integer(1, 3))
        stride = (self.integer(1, 2), self.integer(1, 2))
        to = [
            (extent - 1) * step + (1 if padding is Padding.SAME else window)
            for extent, step, window in zip((h, w), stride, kernel, strict=True)
        ]
        scales = self.weight_scales(count, 0)
        shape = (n, to[0], to[1], count)
        operands = [
            self.g.constant(np.array(shape, np.int32)),
            self.g.constant(self.codes(count, *kernel, depth), scales),
            x,
        ]
        output = self.spread(x, scales, kernel[0] * kernel[1] * depth)
        op = ops.TransposeConv(padding, *stride)
        self.images.append(self.g.node(op, operands, shape, output))

    def pool(self) -> None:
        x, padding = self.pick(self.images), self.padding()
        kernel, stride = self.kernel(x, padding), (self.integer(1, 2), self.integer(1, 2))
        kind = (ops.AveragePool2D, ops.MaxPool2D)[self.integer(0, 1)]
        op = kind(padding, *kernel, *stride, self.activation())
        tensor = self.g.tensors[x]
        shape = self.g._windows(x, padding, kernel, stride, (1, 1), tensor.shape[3])
        self.images.append(self.g.node(op, [x], shape, tensor.quant))

    def binary(self) -> None:
        a = self.pick(self.images)
        shape = self.g.tensors[a].shape
        alike = [name for name in self.images if self.g.tensors[name].shape == shape]
        b = alike[self.integer(0, len(alike) - 1)]
        if self.rng.random() < 0.4:
            other = ((1, 1, 1, shape[3]), shape, (1, *shape[1:3], 1))[self.integer(0, 2)]
            b = self.g.constant(self.codes(*other), self.quant())
        kind = (ops.Add, ops.Sub, ops.Mul)[self.integer(0, 2)]
        operands = [a, b] if self.rng.random() < 0.5 else [b, a]
        made = self.g.node(kind(self.activation()), operands, shape, self.quant())
        self.images.append(made)

    def choice(self) -> None:
        a = self.pick(self.images)
        tensor = self.g.tensors[a]
        other = ((1, 1, 1, tensor.shape[3]), tensor.shape)[self.integer(0, 1)]
        b = self.g.constant(self.codes(*other), tensor.quant)
        op = (ops.Maximum(), ops.Minimum())[self.integer(0, 1)]
        operands = [a, b] if self.rng.random() < 0.5 else [b, a]
        self.images.append(self.g.node(op, operands, tensor.shape, tensor.quant))

    def prelu(self) -> None:
        x = self.pick(self.images)
        shape = self.g.tensors[x].shape
        alpha = self.g.constant(self.codes(1, 1, shape[3]), self.quant())
        self.images.append(self.g.node(ops.Prelu(), [x, alpha], shape, self.quant()))

    def lookup(self) -> None:
        x = self.pick(self.images)
        free: list[ops.Op] = [ops.Relu(), ops.LeakyRelu(0.25)]
        if not self.common:
            free += [ops.Relu0To1(), ops.ReluN1To1(), ops.Elu()]
        tables = [
            (ops.Logistic(), UNIT),
            (ops.Tanh(), SIGNED_UNIT),
            (ops.Relu6(), None),
            (ops.HardSwish(), self.quant()),
            *((op, self.quant()) for op in free),
        ]
        op, output = tables[self.integer(0, len(tables) - 1)]
        self.images.append(self.g.unary(op, x, output))

    def rescale(self) -> None:
        self.images.append(self.g.unary(ops.Quantize(), self.pick(self.images), self.quant()))

    def pad(self) -> None:
        x = self.pick(self.images)
        tensor = self.g.tensors[x]
        if tensor.size > 2000:
            return
        amounts = self.rng.integers(0, 3, (4, 2)).astype(np.int32)
        amounts[0] = 0
        shape = tuple(int(n + sum(each)) for n, each in zip(tensor.shape, amounts, strict=True))
        made = self.g.node(ops.Pad(), [x, self.g.constant(amounts)], shape, tensor.quant)
        self.images.append(made)

    def concat(self) -> None:
        x = self.pick(self.images)
        tensor = self.g.tensors[x]
        alike = [
            name
            for name in self.images
            if self.g.tensors[name].shape[:3] == tensor.shape[:3]
            and self.g.tensors[name].quant == tensor.quant
        ]
        parts = [x, *alike[: self.integer(0, 2)]]
        depth = sum(self.g.tensors[name].shape[3] for name in parts)
        if depth > 24:
            return
        op = ops.Concatenation((3, -1)[self.integer(0, 1)])
        self.images.append(self.g.node(op, parts, (*tensor.shape[:3], depth), tensor.quant))

    def mean(self) -> None:
        x = self.pick(self.images)
        shape = self.g.tensors[x].shape
        keep = bool(self.rng.random() < 0.5)
        axes = self.g.constant(np.array([1, -2], np.int32))
        reduced = (shape[0], 1, 1, shape[3]) if keep else (shape[0], shape[3])
        made = self.g.node(ops.Mean(keep), [x, axes], reduced, self.quant())
        (self.images if keep else self.rows).append(made)

    def reduced(self) -> None:
        x = self.pick(self.images)
        tensor = self.g.tensors[x]
        axes = ((1, 2), (2, 3), (1, 3), (3,))[self.integer(0, 3)]
        keep = tuple(1 if axis in axes else extent for axis, extent in enumerate(tensor.shape))
        operands = [x, self.g.constant(np.array(axes, np.int32))]
        if self.common or self.rng.random() < 0.5:
            made = self.g.node(ops.ReduceMax(True), operands, keep, tensor.quant)
        else:
            made = self.g.node(ops.Sum(True), operands, keep, self.quant())
        self.images.append(made)

    def arg_max(self) -> None:
        x = self.pick(self.images)
        shape, axis = self.g.tensors[x].shape, self.integer(1, 3)
        operands = [x, self.g.constant(np.array(axis - 4, np.int32))]
        dropped = (*shape[:axis], *shape[axis + 1 :])
        self.g.node(ops.ArgMax(), operands, dropped, None, dtype=DType.INT32)

    def matmul(self) -> None:
        """Each image row by a constant matrix, or by itself transposed."""
        x = self.pick(self.images)
        n, h, w, c = self.g.tensors[x].shape
        if h * w * w > 600:
            return
        if self.rng.random() < 0.5:
            b = self.g.constant(self.codes(1, 1, c, 3), self.quant())
            made = self.g.node(ops.BatchMatmul(), [x, b], (n, h, w, 3), self.quant())
        else:
            op = ops.BatchMatmul(adj_y=True)
            made = self.g.node(op, [x, x], (n, h, w, w), self.quant())
        self.images.append(made)

    def grouped(self) -> None:
        x = self.pick(self.images)
        depth = self.g.tensors[x].shape[3]
        groups = next(count for count in (2, 3, 5, depth) if depth % count == 0)
        if depth == 1 or depth > 24:
            return
        count = groups * self.integer(1, 2)
        weights = self.codes(count, 2, 2, depth // groups)
        scales = self.weight_scales(count, 0)
        made = self.g.conv(
            x, weights, Padding.SAME, self.spread(x, scales, 4 * depth // groups), scales=scales,
            bias=self.bias(count), activation=self.activation(),
        )  # fmt: skip
        self.images.append(made)

    def softmax(self) -> None:
        if not self.rows:
            self.rows.append(self._flat(self.pick(self.images)))
        self.rows.append(self.g.unary(ops.Softmax(1.0), self.pick(self.rows), UNIT))

    def dense(self) -> None:
        x = (
            self.pick(self.rows)
            if self.rows and self.rng.random() < 0.5
            else self.pick(self.images)
        )
        tensor = self.g.tensors[x]
        depth, count = tensor.size // tensor.shape[0], self.integer(1, 12)
        scales = self.weight_scales(count, 0)
        output = self.spread(x, scales, depth)
        made = self.g.dense(
            x, self.codes(count, depth), output, scales=scales, bias=self.bias(count),
            activation=self.activation(),
        )  # fmt: skip
        self.rows.append(made)

    def reshape(self) -> None:
        if self.rng.random() < 0.5:
            self.rows.append(self._flat(self.pick(self.images)))
            return
        x = self.pick(self.images)
        _, height, width, depth = self.g.tensors[x].shape
        self.images.append(self.g.reshape(x, (1, width, height, depth)))

    def squeeze(self) -> None:
        x = self.pick(self.images)
        tensor = self.g.tensors[x]
        axes = self.g.constant(np.array([1, 2], np.int32))
        shape = (*tensor.shape[:1], 1, 1, tensor.shape[3])
        x = self.g.node(ops.Mean(True), [x, axes], shape, self.quant())
        quant = self.g.tensors[x].quant
        self.rows.append(self.g.node(ops.Squeeze((1, 2)), [x], (1, shape[3]), quant))

    def _flat(self, name: str) -> str:
        return self.g.reshape(name, (1, self.g.tensors[name].size))

    def _float(self, name: str) -> str:
        tensor = self.g.tensors[name]
        return self.g.node(ops.Dequantize(), [name], tensor.shape, None, dtype=DType.FLOAT32)
