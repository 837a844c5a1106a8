"""The convolutions that benchmarks.binary compares, binarized and in int8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.converter.bits import pack_bits, words
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.verify import verify

ACTIVATION = Quant.per_tensor(0.05, -4)


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution over a square image, SAME, padded with +1."""

    size: int
    inputs: int
    outputs: int
    kernel: int
    packed: bool = True
    """Whether the binarized one writes packed signs; else int8."""

    @property
    def name(self) -> str:
        """For people and for --layers."""
        kind = "" if self.packed else " to int8"
        shape = f"{self.kernel}x{self.kernel} {self.inputs}->{self.outputs}"
        return f"{shape} of {self.size}x{self.size}{kind}"

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those of padding among them."""
        return self.size**2 * self.kernel**2 * self.inputs * self.outputs


LAYERS = (
    Layer(28, 128, 128, 3),
    Layer(28, 128, 128, 3, packed=False),
    Layer(14, 64, 64, 3),
    Layer(14, 128, 256, 1),
    Layer(7, 256, 256, 3),
    Layer(1, 1024, 256, 1),
)


def binary_graph(layer: Layer) -> Graph:
    """LceQuantize of an int8 input, then the convolution."""
    rng = np.random.default_rng(7)
    image = (1, layer.size, layer.size)
    taps = layer.kernel**2 * layer.inputs
    bits = rng.random((layer.outputs, layer.kernel, layer.kernel, layer.inputs)) < 0.5
    tensors = [
        Tensor("x", (*image, layer.inputs), DType.INT8, ACTIVATION),
        Tensor("signs", (*image, words(layer.inputs)), DType.INT32),
        _constant("weights", pack_bits(bits)),
    ]
    if layer.packed:
        around = rng.normal(taps / 2, taps**0.5 / 2, layer.outputs)
        tensors.append(_constant("threshold", np.rint(around).astype(np.int32)))
        tensors.append(Tensor("conv", (*image, words(layer.outputs)), DType.INT32))
        ends: tuple[str | None, ...] = (None, None, "threshold")
    else:
        factors = rng.uniform(0.5, 1.5, layer.outputs) / taps**0.5
        tensors.append(_constant("multiplier", factors.astype(np.float32)))
        tensors.append(_constant("bias", rng.normal(0, 1, layer.outputs).astype(np.float32)))
        tensors.append(Tensor("conv", (*image, layer.outputs), DType.INT8, ACTIVATION))
        ends = ("multiplier", "bias", None)
    op = ops.LceBconv2d(layer.inputs, Padding.SAME, 1)
    nodes = (
        Node("signs", ops.LceQuantize(), ("x",), ("signs",)),
        Node("conv", op, ("signs", "weights", *ends), ("conv",)),
    )
    return _checked("binary", tensors, nodes)


def int8_graph(layer: Layer) -> Graph:
    """The same convolution in int8, with a RELU."""
    rng = np.random.default_rng(7)
    image = (1, layer.size, layer.size)
    shape = (layer.outputs, layer.kernel, layer.kernel, layer.inputs)
    # As trained ones lie: a channel's weights do not all come near the limits.
    weights = np.clip(np.rint(rng.normal(0, 32, shape)), -127, 127).astype(np.int8)
    scale = Quant.per_tensor(0.01, 0)
    bias_scale = Quant.per_tensor(ACTIVATION.scale * scale.scale, 0)
    bias = rng.integers(-9000, 9000, layer.outputs).astype(np.int32)
    wide = Quant.per_tensor(0.05 * 0.4 * (layer.kernel**2 * layer.inputs) ** 0.5, -128)
    tensors = [
        Tensor("x", (*image, layer.inputs), DType.INT8, ACTIVATION),
        Tensor("weights", shape, DType.INT8, scale, weights),
        Tensor("bias", bias.shape, DType.INT32, bias_scale, bias),
        Tensor("conv", (*image, layer.outputs), DType.INT8, wide),
    ]
    op = ops.Conv2D(Padding.SAME, activation=ops.Activation.RELU)
    return _checked("int8", tensors, (Node("conv", op, ("x", "weights", "bias"), ("conv",)),))


def _constant(name: str, values: np.ndarray) -> Tensor:
    return Tensor(name, values.shape, DType(str(values.dtype)), None, values)


def _checked(name: str, tensors: Sequence[Tensor], nodes: tuple[Node, ...]) -> Graph:
    graph = Graph(name, {t.name: t for t in tensors}, nodes, ("x",), ("conv",))
    verify(graph)
    return graph
