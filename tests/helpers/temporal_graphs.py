"""Networks over a window of time steps, as integer graphs: made to measure, and at random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.ir.ops import Activation, Padding
from tests.helpers.int8_graphs import Array, GraphBuilder

INPUT = Quant.per_tensor(0.05, -3)
INNER = Quant.per_tensor(0.06, -20)


class Temporal:
    """A graph under construction whose value `x` is (1, time, features, channels)."""

    def __init__(self, seed: int, steps: int, features: int, channels: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.g = GraphBuilder("temporal")
        self.x = self.g.input((1, steps, features, channels), INPUT)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.g.tensors[self.x].shape

    def _weights(self, *shape: int) -> Array:
        return self.rng.integers(-90, 91, shape).astype(np.int8)

    def _output(self) -> Quant:
        return Quant.per_tensor(
            0.08 + 0.01 * int(self.rng.integers(4)), int(self.rng.integers(-40, 40))
        )

    def conv(
        self,
        channels: int,
        kernel: int,
        *,
        wide: int = 1,
        stride: int = 1,
        dilation: int = 1,
        padding: Padding = Padding.VALID,
    ) -> None:
        w = self._weights(channels, kernel, wide, self.shape[3])
        self.x = self.g.conv(
            self.x, w, padding, self._output(),
            scales=Quant.per_tensor(0.4 / np.sqrt(w[0].size) / 30, 0),
            bias=self.rng.integers(-300, 300, channels).astype(np.int32),
            stride=(stride, 1), dilation=(dilation, 1), activation=Activation.RELU,
        )  # fmt: skip

    def depthwise(
        self, kernel: int, *, wide: int = 1, stride: int = 1, padding: Padding = Padding.VALID
    ) -> None:
        w = self._weights(1, kernel, wide, self.shape[3])
        self.x = self.g.depthwise(
            self.x, w, padding, self._output(), scales=Quant.per_tensor(0.01, 0),
            bias=self.rng.integers(-300, 300, self.shape[3]).astype(np.int32), stride=(stride, 1),
        )  # fmt: skip

    def pool(self, average: bool, size: int, stride: int, padding: Padding = Padding.VALID) -> None:
        kind = ops.AveragePool2D if average else ops.MaxPool2D
        _, steps, wide, channels = self.shape
        extent = -(-steps // stride) if padding is Padding.SAME else (steps - size) // stride + 1
        op = kind(padding, size, 1, stride, 1)
        shape = (1, extent, wide, channels)
        self.x = self.g.node(op, [self.x], shape, self.g.tensors[self.x].quant)

    def causal(self, channels: int, kernel: int, dilation: int = 1) -> None:
        """Zeros before the first step, then a convolution over past steps alone."""
        before = (kernel - 1) * dilation
        amounts = np.array([[0, 0], [before, 0], [0, 0], [0, 0]], np.int32)
        _, steps, wide, depth = self.shape
        quant = self.g.tensors[self.x].quant
        operands = [self.x, self.g.constant(amounts)]
        self.x = self.g.node(ops.Pad(), operands, (1, steps + before, wide, depth), quant)
        self.conv(channels, kernel, dilation=dilation)

    def residual(self, inner: Callable[[], None]) -> None:
        """What `inner` makes, plus the rows of its input that lie in the middle."""
        kept = self.x
        inner()
        steps, had = self.shape[1], self.g.tensors[kept].shape
        if steps < had[1]:
            begin, size = np.array([0, had[1] - steps, 0, 0]), np.array([1, steps, *had[2:]])
            operands = [kept, *(self.g.constant(v.astype(np.int32)) for v in (begin, size))]
            quant = self.g.tensors[kept].quant
            kept = self.g.node(ops.Slice(), operands, (1, steps, *had[2:]), quant)
        self.x = self.g.node(ops.Add(), [kept, self.x], self.shape, self._output())

    def gated(self) -> None:
        """Each channel times what the mean of the whole window makes of it."""
        kept, shape = self.x, self.shape
        axes = self.g.constant(np.array([1, 2], np.int32))
        mean = self.g.node(ops.Mean(True), [kept, axes], (1, 1, 1, shape[3]), INNER)
        gate = self.g.node(
            ops.Logistic(), [mean], (1, 1, 1, shape[3]), Quant.per_tensor(1 / 256, -128)
        )
        self.x = self.g.node(ops.Mul(), [kept, gate], shape, self._output())

    # ------------------------------------------------------------------------------ heads

    def mean(self) -> Graph:
        axes = self.g.constant(np.array([1, 2], np.int32))
        channels = self.shape[3]
        self.x = self.g.node(
            ops.Mean(), [self.x, axes], (1, channels), self.g.tensors[self.x].quant
        )
        return self._dense()

    def global_pool(self) -> Graph:
        _, steps, wide, channels = self.shape
        op = ops.AveragePool2D(Padding.VALID, steps, wide, steps, wide)
        quant = self.g.tensors[self.x].quant
        self.x = self.g.node(op, [self.x], (1, 1, 1, channels), quant)
        self.x = self.g.reshape(self.x, (1, channels))
        return self._dense()

    def flat(self) -> Graph:
        self.x = self.g.reshape(self.x, (1, int(np.prod(self.shape))))
        return self._dense()

    def last(self) -> Graph:
        """The newest row alone."""
        _, steps, wide, channels = self.shape
        begin, end = np.array([0, steps - 1, 0, 0]), np.array([1, steps, wide, channels])
        operands = [self.g.constant(v.astype(np.int32)) for v in (begin, end, np.ones(4))]
        op = ops.StridedSlice(shrink_axis_mask=0b10)
        quant = self.g.tensors[self.x].quant
        self.x = self.g.node(op, [self.x, *operands], (1, wide, channels), quant)
        self.x = self.g.reshape(self.x, (1, wide * channels))
        return self._dense()

    def rows(self) -> Graph:
        """An answer for every row."""
        _, steps, wide, channels = self.shape
        self.x = self.g.reshape(self.x, (steps, wide * channels))
        self.x = self.g.dense(
            self.x, self._weights(3, wide * channels), INNER, scales=Quant.per_tensor(0.01, 0)
        )
        return self.g.graph(self.x)

    def _dense(self) -> Graph:
        w = self._weights(4, self.shape[1])
        scores = self.g.dense(
            self.x, w, INNER, scales=Quant.per_tensor(0.3 / np.sqrt(w.shape[1]) / 30, 0)
        )
        probabilities = self.g.node(
            ops.Softmax(), [scores], (1, 4), Quant.per_tensor(1 / 256, -128), dtype=DType.INT8
        )
        return self.g.graph(probabilities, scores)


HEADS = ("mean", "global_pool", "flat", "last", "rows")


def random_temporal(seed: int) -> Graph:
    """Two to four layers of any kind, then a head."""
    rng = np.random.default_rng(seed)
    t = Temporal(seed, int(rng.integers(16, 40)), int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    for _ in range(int(rng.integers(2, 5))):
        _random_layer(t, rng)
    graph: Graph = getattr(t, HEADS[int(rng.integers(len(HEADS)))])()
    return graph


def _random_layer(t: Temporal, rng: np.random.Generator) -> None:
    steps = t.shape[1]
    kernel = int(rng.integers(1, 5))
    stride = int(rng.integers(1, 3)) if steps > 12 else 1
    padding = Padding.SAME if rng.random() < 0.35 else Padding.VALID
    wide = int(rng.integers(1, 1 + min(3, t.shape[2])))
    dilation = int(rng.integers(1, 4))
    if (kernel - 1) * dilation + 1 > steps:
        kernel, dilation, padding = 1, 1, Padding.VALID
    kind = int(rng.integers(8))
    if kind <= 1:
        dilation = dilation if stride == 1 else 1
        t.conv(
            int(rng.integers(1, 6)),
            kernel,
            wide=wide,
            stride=stride,
            dilation=dilation,
            padding=padding,
        )
    elif kind == 2:
        t.depthwise(kernel, wide=wide, stride=stride, padding=padding)
    elif kind == 3:
        t.pool(bool(rng.integers(2)), kernel, stride, padding)
    elif kind == 4:
        t.causal(int(rng.integers(1, 6)), kernel, dilation)
    elif kind == 5:
        t.residual(lambda: t.conv(t.shape[3], kernel, padding=padding))
    elif kind == 6:
        t.x = t.g.unary(ops.Tanh(), t.x, Quant.per_tensor(1 / 128, 0))
    elif rng.random() < 0.3:
        t.gated()
