"""int8 graphs for tests, built by hand. Random ones are in `tests.helpers.random_graphs`.

g = GraphBuilder("two")
x = g.input((1, 8, 8, 3), Quant.per_tensor(0.05, -3))
y = g.conv(x, weights, Padding.SAME, Quant.per_tensor(0.1, 4), bias=bias)
graph = g.graph(y)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import window
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, State, Tensor
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
        self.states: list[State] = []

    def graph(self, *outputs: str) -> Graph:
        """The verified graph with these outputs."""
        graph = Graph(self.name, self.tensors, tuple(self.nodes), tuple(self.inputs), outputs, {})
        graph = replace(graph, states=tuple(self.states)).with_nodes(self.nodes)
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

    def updating(
        self,
        op: Op,
        inputs: Sequence[str | None],
        shape: tuple[int, ...],
        quant: Quant,
        kept: Sequence[Tensor],
    ) -> str:
        """A node with states of its own, zeros at first, which become its last operands."""
        name = f"{op.NAME.lower()}_{len(self.nodes)}"
        before = [replace(tensor, name=f"{name}_s{i}") for i, tensor in enumerate(kept)]
        after = [replace(tensor, name=f"{tensor.name}_next") for tensor in before]
        made = Tensor(name, shape, DType.INT8, quant)
        self.tensors |= {tensor.name: tensor for tensor in (made, *before, *after)}
        operands = (*inputs, *(tensor.name for tensor in before))
        self.nodes.append(Node(name, op, operands, (name, *(tensor.name for tensor in after))))
        for old, new in zip(before, after, strict=True):
            first = np.zeros(old.shape, old.dtype.numpy)
            self.states.append(State(old.name, old.name, new.name, first))
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
