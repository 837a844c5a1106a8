"""Programs cut into cascades at random, and random chains of the operators that can be cut."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Quant
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.lower.cascade import Choice, cascaded
from edgekit.converter.lower.program import Program
from edgekit.converter.lower.rowwise import row_map
from tests.helpers.int8_graphs import UNIT, GraphBuilder
from tests.helpers.random_graphs import RandomGraph


def striped(program: Program, seed: int) -> Program:
    """The program with as many cascades as can be had: random lengths, heights and directions."""
    rng = np.random.default_rng(seed)
    first = 0
    while first < len(program.steps):
        last = first + int(rng.integers(0, 5))
        found = _cut(program, rng, first, min(last, len(program.steps) - 1))
        program, first = found or (program, first + 1)
    return program


def _cut(
    program: Program, rng: np.random.Generator, first: int, last: int
) -> tuple[Program, int] | None:
    """A cascade from `first` to `last`, or to an earlier step, and the step after it."""
    for end in range(last, first - 1, -1):
        rows = row_map(program.steps[end])
        if rows is None:
            continue
        height = int(rng.integers(1, rows.height))
        height = min(height, int(rng.integers(1, 5))) if rng.random() < 0.6 else height
        choice = Choice(first, end, height, upward=bool(rng.random() < 0.3))
        for tried in (choice, Choice(first, end, height)):
            found = cascaded(program, [tried])
            if found is not None:
                return found, end + 1
    return None


def random_chain(seed: int, steps: int = 7, *, most: int = 6) -> Graph:
    """A verified graph of images only: windows of all kinds, residuals, tables, pads, concats.

    Layers make up to `most` channels.
    """
    return _Chain(seed, most).build(steps)


class _Chain(RandomGraph):
    """Odd heights from 5 to 23, so that halos, strides and tails of stripes all differ."""

    def __init__(self, seed: int, most: int) -> None:
        super().__init__(seed)
        self.most = most

    def build(self, steps: int) -> Graph:
        shape = (1, self.integer(5, 23), self.integer(3, 9), self.integer(1, self.most))
        self.images.append(self.g.input(shape, self.quant()))
        makers = [self.wide, self.wide, self.tall, self.depthwise, self.depthwise, self.pool,
                  self.binary, self.lookup, self.pad, self.concat, self.choice]  # fmt: skip
        for _ in range(steps):
            makers[self.integer(0, len(makers) - 1)]()
        return self.g.graph(*self._leaves())

    def pick(self, names: list[str]) -> str:
        """Mostly the last, so that the graph is deep."""
        return names[-1 - min(int(self.rng.integers(0, 4) ** 2 // 5), len(names) - 1)]

    def lookup(self) -> None:
        """A table, for input scales of any size."""
        x = self.pick(self.images)
        op, quant = [(ops.Relu(), self.quant()), (ops.Logistic(), UNIT)][self.integer(0, 1)]
        self.images.append(self.g.unary(op, x, quant))

    def wide(self) -> None:
        """A convolution with a kernel of up to 5 rows."""
        x, padding = self.pick(self.images), self.padding()
        _, height, width, depth = self.g.tensors[x].shape
        most = 5 if padding is Padding.SAME else height
        kernel = (self.integer(1, min(5, most)), self.integer(1, min(3, width)))
        count = self.integer(1, self.most)
        scales = self.weight_scales(count, 0)
        made = self.g.conv(
            x, self.codes(count, *kernel, depth), padding,
            self.spread(x, scales, kernel[0] * kernel[1] * depth), scales=scales,
            bias=self.bias(count), stride=(self.integer(1, 3), self.integer(1, 2)),
            activation=self.activation(),
        )  # fmt: skip
        self.images.append(made)

    def tall(self) -> None:
        """A dilated convolution, sometimes wider than its input."""
        x = self.pick(self.images)
        depth, count = self.g.tensors[x].shape[3], self.integer(1, self.most - 1)
        scales = self.weight_scales(count, 0)
        dilation = (self.integer(1, 4), self.integer(1, 2))
        made = self.g.conv(
            x, self.codes(count, 3, 2, depth), Padding.SAME, self.spread(x, scales, 6 * depth),
            scales=scales, bias=self.bias(count), dilation=dilation, activation=self.activation(),
        )  # fmt: skip
        self.images.append(made)


def mobile() -> Graph:
    """An image of 3 KB, widened to 8 KB and halved: the shape of a MobileNet's first layers."""
    g, rng = GraphBuilder("mobile"), np.random.default_rng(1)
    quant, scales = Quant.per_tensor(0.05, -128), Quant.per_tensor(0.002, 0)

    def conv(x: str, count: int, size: int, name: str) -> str:
        weights = rng.integers(-127, 128, (count, size, size, g.tensors[x].shape[3]))
        return g.conv(x, weights.astype(np.int8), Padding.SAME, quant, scales=scales,
                      bias=np.zeros(count, np.int32), activation=Activation.RELU,
                      name=name)  # fmt: skip

    def depthwise(x: str, stride: int, name: str) -> str:
        weights = rng.integers(-127, 128, (1, 3, 3, g.tensors[x].shape[3]))
        bias = np.zeros(weights.shape[3], np.int32)
        return g.depthwise(x, weights.astype(np.int8), Padding.SAME, quant, scales=scales,
                           bias=bias, stride=(stride, stride), activation=Activation.RELU,
                           name=name)  # fmt: skip

    x = conv(g.input((1, 32, 32, 3), quant), 8, 3, "first")
    x = conv(depthwise(x, 1, "deep"), 16, 1, "wide")
    return g.graph(conv(depthwise(x, 2, "half"), 8, 1, "last"))
