"""Small float graphs for tests, built node by node; shapes are inferred.

g = FloatGraph()
x = g.input((1, 8, 8, 3))
y = g.conv(x, weights, bias, activation=Activation.RELU)
graph = g.graph(y)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation, Op, Padding
from edgekit.converter.ir.shapes import infer_shape
from edgekit.converter.ir.verify import verify

Array = NDArray[Any]


class FloatGraph:
    """Adds nodes one after another; every method returns the name of the tensor it made."""

    def __init__(self, name: str = "tiny") -> None:
        self.name = name
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self.inputs: list[str] = []

    def graph(self, *outputs: str) -> Graph:
        """The verified graph with these outputs."""
        whole = Graph(self.name, self.tensors, tuple(self.nodes), tuple(self.inputs), outputs)
        verify(whole)
        return whole

    def input(self, shape: tuple[int, ...], name: str = "x") -> str:
        self.tensors[name] = Tensor(name, shape, DType.FLOAT32)
        self.inputs.append(name)
        return name

    def constant(self, values: object, name: str = "", dtype: str = "float32") -> str:
        name = name or f"c{len(self.tensors)}"
        array = np.asarray(values, dtype)
        self.tensors[name] = Tensor(name, array.shape, DType(dtype), None, array)
        return name

    def node(
        self,
        op: Op,
        inputs: Sequence[str | None],
        name: str = "",
        shape: tuple[int, ...] = (),
        dtype: str = "float32",
    ) -> str:
        """Append `op`; `shape` is for RESHAPE only, every other output shape is inferred."""
        name = name or f"{op.NAME.lower()}_{len(self.nodes)}"
        node = Node(name, op, tuple(inputs), (name,))
        self.tensors[name] = Tensor(name, shape, DType(dtype))
        if not shape:
            so_far = Graph(self.name, self.tensors, (*self.nodes, node), tuple(self.inputs), ())
            made = replace(self.tensors[name], shape=infer_shape(so_far, node))
            self.tensors[name] = made
        self.nodes.append(node)
        return name

    def conv(
        self,
        x: str,
        weights: Array,
        bias: Array | None = None,
        *,
        padding: Padding = Padding.SAME,
        stride: int = 1,
        activation: Activation = Activation.NONE,
        name: str = "",
    ) -> str:
        """CONV_2D with weights OHWI."""
        op = ops.Conv2D(padding, stride, stride, activation=activation)
        return self.node(op, self._weighted(x, weights, bias), name)

    def depthwise(
        self,
        x: str,
        weights: Array,
        bias: Array | None = None,
        *,
        padding: Padding = Padding.SAME,
        activation: Activation = Activation.NONE,
        name: str = "",
    ) -> str:
        """DEPTHWISE_CONV_2D with weights 1HWO."""
        multiplier = weights.shape[3] // self.tensors[x].shape[3]
        op = ops.DepthwiseConv2D(padding, depth_multiplier=multiplier, activation=activation)
        return self.node(op, self._weighted(x, weights, bias), name)

    def dense(
        self,
        x: str,
        weights: Array,
        bias: Array | None = None,
        *,
        activation: Activation = Activation.NONE,
        name: str = "",
    ) -> str:
        """FULLY_CONNECTED with weights (output, input)."""
        op = ops.FullyConnected(activation)
        return self.node(op, self._weighted(x, weights, bias), name)

    def _weighted(self, x: str, weights: Array, bias: Array | None) -> list[str]:
        names = [x, self.constant(weights)]
        return names if bias is None else [*names, self.constant(bias)]


def classifier(seed: int = 0, *, size: int = 8, channels: int = 3, classes: int = 4) -> Graph:
    """Convolution, depthwise, mean, dense, softmax with random weights of healthy size."""
    rng = np.random.default_rng(seed)
    g = FloatGraph("classifier")
    x = g.input((1, size, size, channels))
    y = g.conv(
        x,
        rng.normal(0, 0.4, (6, 3, 3, channels)),
        rng.normal(0, 0.1, 6),
        activation=Activation.RELU,
        name="conv",
    )
    y = g.depthwise(y, rng.normal(0, 0.4, (1, 3, 3, 6)), rng.normal(0, 0.1, 6), name="depthwise")
    y = g.node(ops.Mean(), [y, g.constant([1, 2], dtype="int32")], "mean")
    y = g.dense(y, rng.normal(0, 1.5, (classes, 6)), rng.normal(0, 0.5, classes), name="logits")
    return g.graph(g.node(ops.Softmax(), [y], "softmax"))


def samples(graph: Graph, count: int, seed: int = 0) -> NDArray[np.float32]:
    """Normally distributed inputs (count, *input shape)."""
    shape = graph[graph.inputs[0]].shape[1:]
    return np.random.default_rng(seed).normal(0, 1, (count, *shape)).astype(np.float32)
