"""Random float networks whose channels are tied in every way that pruning follows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.shapes import infer_shapes
from tests.helpers.float_graphs import Array, FloatGraph


def random_network(seed: int, steps: int = 8) -> Graph:
    """A verified network of about `steps` blocks and a dense layer; equal for equal seeds."""
    return _Network(seed).build(steps)


class _Network:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.g = FloatGraph(f"prunable_{seed}")
        self.images: list[str] = []

    def build(self, steps: int) -> Graph:
        self.images.append(self.g.input((1, 4, 6, 3)))
        self.conv()
        makers = self.makers()
        for step in range(steps):
            index = self.seed % len(makers) if step == 0 else self.integer(0, len(makers) - 1)
            made = makers[index]()
            if made:
                self.images.append(made)
        read = {name for node in self.g.nodes for name in node.inputs}
        made_all = [name for node in self.g.nodes for name in node.outputs]
        ends = [self.head(name) for name in made_all if name not in read]
        return self.g.graph(*ends)

    def makers(self) -> list[Callable[[], str | None]]:
        return [
            self.conv, self.depthwise, self.residual, self.squeeze_excite, self.concat,
            self.pool, self.pad, self.halves, self.slice_out, self.shuffle, self.activation,
            self.with_constant, self.transposed, self.resize, self.unfollowed, self.grouped,
            self.conv, self.residual,
        ]  # fmt: skip

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def pick(self) -> str:
        return self.images[-1 - min(self.integer(0, 2), len(self.images) - 1)]

    def shape(self, name: str) -> tuple[int, ...]:
        return self.g.tensors[name].shape

    def weights(self, *shape: int) -> Array:
        return self.rng.normal(0, 0.5, shape).astype(np.float32)

    def conv(self, x: str = "", count: int = 0) -> str:
        x = x or self.pick()
        count = count or self.integer(2, 9)
        size = self.integer(1, 3)
        made = self.g.conv(
            x,
            self.weights(count, size, size, self.shape(x)[3]),
            self.weights(count) if self.rng.random() < 0.8 else None,
            activation=(Activation.NONE, Activation.RELU)[self.integer(0, 1)],
        )
        if not self.images[1:]:
            self.images.append(made)
        return made

    def depthwise(self) -> str:
        x = self.pick()
        count = self.shape(x)[3] * self.integer(1, 2)
        return self.g.depthwise(x, self.weights(1, 3, 3, count), self.weights(count))

    def residual(self) -> str:
        x = self.pick()
        other = self.conv(self.conv(x), self.shape(x)[3])
        kind = (ops.Add(), ops.Sub(), ops.Maximum())[self.integer(0, 2)]
        return self.g.node(kind, [x, other])

    def squeeze_excite(self) -> str:
        x = self.pick()
        keep = bool(self.rng.random() < 0.5)
        mean = self.g.node(ops.Mean(keep_dims=keep), [x, self.g.constant([1, 2], dtype="int32")])
        depth = self.shape(x)[3]
        if keep:
            gate = self.conv(mean, depth)
        else:
            gate = self.g.dense(mean, self.weights(depth, depth), self.weights(depth))
            shape = (1, 1, 1, depth)
            target = self.g.constant(shape, dtype="int32")
            gate = self.g.node(ops.Reshape(), [gate, target], shape=shape)
        gate = self.g.node((ops.Logistic(), ops.HardSwish())[self.integer(0, 1)], [gate])
        return self.g.node(ops.Mul(), [x, gate])

    def alike(self, x: str) -> list[str]:
        return [name for name in self.images if self.shape(name)[:3] == self.shape(x)[:3]]

    def concat(self) -> str | None:
        x = self.pick()
        others = self.alike(x)
        parts = [x, *others[: self.integer(1, 2)], self.conv(x)]
        if sum(self.shape(part)[3] for part in parts) > 40:
            return None
        return self.g.node(ops.Concatenation(3), parts)

    def pool(self) -> str:
        kind = (ops.MaxPool2D, ops.AveragePool2D)[self.integer(0, 1)]
        return self.g.node(kind(Padding.SAME, 2, 2, 1, 1), [self.pick()])

    def pad(self) -> str | None:
        x = self.pick()
        if np.prod(self.shape(x)) > 1000:
            return None
        amounts = [[0, 0], [1, 0], [0, 1], [0, int(self.rng.random() < 0.2)]]
        return self.g.node(ops.Pad(), [x, self.g.constant(amounts, dtype="int32")])

    def several(self, op: ops.Op, inputs: list[str], count: int) -> tuple[str, ...]:
        name = f"parts_{len(self.g.nodes)}"
        outputs = tuple(f"{name}_{index}" for index in range(count))
        node = Node(name, op, tuple(inputs), outputs)
        for output in outputs:
            self.g.tensors[output] = Tensor(output, (), self.g.tensors[inputs[-1]].dtype)
        so_far = Graph("g", self.g.tensors, (*self.g.nodes, node), tuple(self.g.inputs), ())
        for output, shape in zip(outputs, infer_shapes(so_far, node), strict=True):
            self.g.tensors[output] = Tensor(output, shape, self.g.tensors["x"].dtype)
        self.g.nodes.append(node)
        return outputs

    def halves(self) -> str:
        """SPLIT, one half through a convolution, CONCATENATION."""
        x = self.conv(count=2 * self.integer(1, 4))
        axis = self.g.constant(3, dtype="int32")
        first, second = self.several(ops.Split(), [axis, x], 2)
        count = self.shape(second)[3] if self.rng.random() < 0.5 else self.integer(1, 6)
        return self.g.node(ops.Concatenation(3), [first, self.conv(second, count)])

    def slice_out(self) -> str:
        x = self.pick()
        depth = self.shape(x)[3]
        first = self.integer(0, depth - 1)
        count = self.integer(1, depth - first)
        if self.rng.random() < 0.5:
            begin, size = [0, 0, 1, first], [-1, -1, -1, count]
            operands = [self.g.constant(each, dtype="int32") for each in (begin, size)]
            return self.g.node(ops.Slice(), [x, *operands])
        step = self.integer(1, 2)
        bounds = [0, 0, 0, first], [1, 99, 99, first + count], [1, 1, 1, step]
        operands = [self.g.constant(each, dtype="int32") for each in bounds]
        return self.g.node(ops.StridedSlice(), [x, *operands])

    def shuffle(self) -> str:
        """Channel shuffle: RESHAPE, TRANSPOSE, RESHAPE."""
        x = self.conv(count=2 * self.integer(1, 4))
        n, h, w, c = self.shape(x)
        x = self.g.node(ops.Reshape(), [x], shape=(n, h, w, 2, c // 2))
        x = self.g.node(ops.Transpose(), [x, self.g.constant([0, 1, 2, 4, 3], dtype="int32")])
        return self.g.node(ops.Reshape(), [x], shape=(n, h, w, c))

    def activation(self) -> str:
        kinds = ops.Relu6(), ops.HardSwish(), ops.Tanh(), ops.LeakyRelu(0.1)
        return self.g.node(kinds[self.integer(0, 3)], [self.pick()])

    def with_constant(self) -> str:
        x = self.pick()
        depth = self.shape(x)[3]
        shapes = (depth,), (1, 1, 1, depth), (1,), self.shape(x), (1, *self.shape(x)[1:3], 1)
        operand = self.g.constant(self.weights(*shapes[self.integer(0, 4)]))
        kind = (ops.Mul(), ops.Add(), ops.Prelu())[self.integer(0, 2)]
        return self.g.node(kind, [x, operand])

    def transposed(self) -> str | None:
        x = self.pick()
        n, h, w, depth = self.shape(x)
        if h * w > 40:
            return None
        count = self.integer(2, 6)
        to = self.g.constant([n, 2 * h, 2 * w, count], dtype="int32")
        weights = self.g.constant(self.weights(count, 2, 2, depth))
        return self.g.node(ops.TransposeConv(Padding.SAME, 2, 2), [to, weights, x])

    def resize(self) -> str:
        x = self.pick()
        size = self.g.constant([5, 5], dtype="int32")
        return self.g.node(ops.ResizeBilinear(), [x, size])

    def unfollowed(self) -> str | None:
        x = self.pick()
        if self.rng.random() < 0.5 or self.shape(x)[1] % 2 or self.shape(x)[2] % 2:
            return self.g.node(ops.L2Normalization(), [x])
        return self.g.node(ops.SpaceToDepth(2), [x])

    def grouped(self) -> str:
        x = self.conv(count=4)
        return self.g.conv(x, self.weights(6, 1, 1, 2), self.weights(6))

    def head(self, x: str) -> str:
        """A dense layer over the flattened image, over its mean, or a row for each pixel."""
        n, h, w, c = self.shape(x)
        kind = self.integer(0, 3)
        if kind == 0:
            flat = self.g.node(ops.Reshape(), [x], shape=(n, h * w * c))
            return self.g.dense(flat, self.weights(4, h * w * c), self.weights(4))
        if kind == 1:
            return self.g.dense(x, self.weights(4, h * w * c), self.weights(4))
        if kind == 2:
            return self.g.dense(x, self.weights(4, c))
        y = self.g.node(ops.Mean(), [x, self.g.constant([1, 2], dtype="int32")])
        return self.g.dense(y, self.weights(4, c), self.weights(4))
