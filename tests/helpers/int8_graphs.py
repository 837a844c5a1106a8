"""int8 graphs for tests: a builder by hand, and random graphs over every operator.

g = GraphBuilder("two")
x = g.input((1, 8, 8, 3), Quant.per_tensor(0.05, -3))
y = g.conv(x, weights, Padding.SAME, Quant.per_tensor(0.1, 4), bias=bias)
graph = g.graph(y)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import window
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Op, Padding
from edgekit.converter.ir.verify import verify

Array = NDArray[Any]
Pair = tuple[int, int]
UNIT = Quant.per_tensor(1 / 256, -128)


class GraphBuilder:
    """Adds nodes one after another; every method returns the name of the tensor it made."""

    def __init__(self, name: str = "test") -> None:
        self.name = name
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self.inputs: list[str] = []

    def graph(self, *outputs: str) -> Graph:
        """The verified graph with these outputs."""
        graph = Graph(
            self.name, self.tensors, tuple(self.nodes), tuple(self.inputs), outputs, {}
        ).with_nodes(self.nodes)
        verify(graph)
        return graph

    def input(self, shape: tuple[int, ...], quant: Quant | None, dtype: DType = DType.INT8) -> str:
        name = f"x{len(self.inputs)}"
        self.tensors[name] = Tensor(name, shape, dtype, quant)
        self.inputs.append(name)
        return name

    def constant(self, values: Array, quant: Quant | None = None, name: str = "") -> str:
        name = name or f"c{len(self.tensors)}"
        dtype = DType(str(values.dtype))
        self.tensors[name] = Tensor(name, values.shape, dtype, quant, values)
        return name

    def node(
        self,
        op: Op,
        inputs: Sequence[str | None],
        shape: tuple[int, ...],
        quant: Quant | None,
        *,
        dtype: DType = DType.INT8,
        name: str = "",
    ) -> str:
        name = name or f"{op.NAME.lower()}_{len(self.nodes)}"
        self.tensors[name] = Tensor(name, tuple(map(int, shape)), dtype, quant)
        self.nodes.append(Node(name, op, tuple(inputs), (name,)))
        return name

    # ---------------------------------------------------------------------------- operators

    def conv(
        self,
        x: str,
        weights: Array,
        padding: Padding,
        output: Quant,
        *,
        scales: Quant | None = None,
        bias: Array | None = None,
        stride: Pair = (1, 1),
        dilation: Pair = (1, 1),
        activation: Activation = Activation.NONE,
        name: str = "",
    ) -> str:
        """CONV_2D, or with weights (1, H, W, C) of a depthwise kernel see `depthwise`."""
        count, kernel_h, kernel_w, _ = weights.shape
        op = ops.Conv2D(padding, *stride, *dilation, activation)
        shape = self._windows(x, padding, (kernel_h, kernel_w), stride, dilation, count)
        return self._weighted(op, x, weights, shape, output, scales, bias, count, 0, name)

    def depthwise(
        self,
        x: str,
        weights: Array,
        padding: Padding,
        output: Quant,
        *,
        scales: Quant | None = None,
        bias: Array | None = None,
        stride: Pair = (1, 1),
        dilation: Pair = (1, 1),
        activation: Activation = Activation.NONE,
        name: str = "",
    ) -> str:
        _, kernel_h, kernel_w, count = weights.shape
        multiplier = count // self.tensors[x].shape[3]
        op = ops.DepthwiseConv2D(padding, *stride, *dilation, multiplier, activation)
        shape = self._windows(x, padding, (kernel_h, kernel_w), stride, dilation, count)
        return self._weighted(op, x, weights, shape, output, scales, bias, count, 3, name)

    def dense(
        self,
        x: str,
        weights: Array,
        output: Quant,
        *,
        scales: Quant | None = None,
        bias: Array | None = None,
        activation: Activation = Activation.NONE,
        name: str = "",
    ) -> str:
        rows = self.tensors[x].size // weights.shape[1]
        op, shape = ops.FullyConnected(activation), (rows, weights.shape[0])
        count = weights.shape[0]
        return self._weighted(op, x, weights, shape, output, scales, bias, count, 0, name)

    def unary(self, op: Op, x: str, output: Quant | None = None, name: str = "") -> str:
        """An operator that keeps the shape; keeps the quantization too unless told."""
        tensor = self.tensors[x]
        return self.node(op, [x], tensor.shape, output or tensor.quant, name=name)

    def reshape(self, x: str, shape: tuple[int, ...], name: str = "") -> str:
        return self.node(ops.Reshape(), [x], shape, self.tensors[x].quant, name=name)

    def _windows(
        self, x: str, padding: Padding, kernel: Pair, stride: Pair, dilation: Pair, channels: int
    ) -> tuple[int, ...]:
        shape = self.tensors[x].shape
        extents = [
            window(padding, shape[axis + 1], kernel[axis], stride[axis], dilation[axis]).output
            for axis in (0, 1)
        ]
        return (shape[0], *extents, channels)

    def _weighted(
        self,
        op: Op,
        x: str,
        weights: Array,
        shape: tuple[int, ...],
        output: Quant,
        scales: Quant | None,
        bias: Array | None,
        count: int,
        axis: int,
        name: str,
    ) -> str:
        scales = scales or Quant.per_tensor(0.01, 0)
        inputs: list[str | None] = [x, self.constant(weights, scales), None]
        if bias is not None:
            base = self.tensors[x].quant
            assert base is not None
            products = [base.scale * scale for scale in scales.scales]
            quant = Quant.per_channel(products, 0) if len(products) > 1 else None
            inputs[2] = self.constant(bias, quant or Quant.per_tensor(products[0], 0))
        return self.node(op, inputs, shape, output, name=name)


# ------------------------------------------------------------------------------------ random


def random_graph(seed: int, steps: int = 9) -> Graph:
    """A verified graph of about `steps` nodes over all operators; equal for equal seeds."""
    return _Random(seed).build(steps)


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


class _Random:
    """Grows a graph from tensors that are there, preferring recent ones."""

    def __init__(self, seed: int) -> None:
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
        outputs = [self.rows[-1], self.images[-1]][: self.integer(1, 2)]
        if self.rng.random() < 0.3:
            outputs[0] = self._float(outputs[0])
        return self.g.graph(*dict.fromkeys(outputs))

    def _start(self) -> str:
        shape = (1, self.integer(4, 9), self.integer(4, 9), self.integer(1, 6))
        if self.rng.random() < 0.3:
            real = self.g.input(shape, None, DType.FLOAT32)
            return self.g.node(ops.Quantize(), [real], shape, self.quant())
        return self.g.input(shape, self.quant())

    def _grow(self) -> None:
        makers = [
            self.conv, self.conv, self.depthwise, self.pool, self.binary, self.binary,
            self.lookup, self.pad, self.concat, self.mean, self.softmax, self.dense,
            self.reshape, self.squeeze, self.rescale,
        ]  # fmt: skip
        makers[self.integer(0, len(makers) - 1)]()

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
        kind = (ops.Add, ops.Mul)[self.integer(0, 1)]
        operands = [a, b] if self.rng.random() < 0.5 else [b, a]
        made = self.g.node(kind(self.activation()), operands, shape, self.quant())
        self.images.append(made)

    def lookup(self) -> None:
        x = self.pick(self.images)
        choice = self.integer(0, 2)
        if choice == 0:
            self.images.append(self.g.unary(ops.Logistic(), x, UNIT))
        else:
            op = (ops.Relu(), ops.Relu6())[choice - 1]
            self.images.append(self.g.unary(op, x, self.quant() if choice == 1 else None))

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

    def softmax(self) -> None:
        if self.rows:
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
        shape = self.g.tensors[x].shape
        if shape[1] == 1 and shape[2] == 1:
            made = self.g.node(ops.Squeeze((1, 2)), [x], (1, shape[3]), self.g.tensors[x].quant)
            self.rows.append(made)

    def _flat(self, name: str) -> str:
        return self.g.reshape(name, (1, self.g.tensors[name].size))

    def _float(self, name: str) -> str:
        tensor = self.g.tensors[name]
        return self.g.node(ops.Dequantize(), [name], tensor.shape, None, dtype=DType.FLOAT32)
