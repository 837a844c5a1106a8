"""Binarized operators in TFLite's own, for interpreters without LCE's.

Signs become int8 codes: 127 for +1 and -128 for -1, under zero point 127. What a convolution pads
with is its zero point, which is +1 here, as the packed form has it. With weights of +-2 the sum
over codes is -510 n, n the sum of the weights (+-1) that meet -1; so 255 times the sum of products
of signs is that sum plus 255 times the sum of the weights, which goes into the bias: all integers.

    LceQuantize          QUANTIZE to a scale 256 times smaller: every sign saturates
    LceBconv2d, packed   CONV_2D with output scale = input scale: 255 (2 threshold + 1 - 2 acc) is
                         255 or more away from 0, and saturates to a code
    LceBconv2d, int8     CONV_2D; one fixed-point rounding in place of float32: at most 1 away
    LceBMaxPool2d        MAX_POOL_2D

Weights stay 1 bit each: bytes of eight signs, CAST to indices of a table of 256 rows, GATHER,
RESHAPE. The table (2 KB) is in the file once. Weights are unpacked at every invocation.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.bits import unpack_bits
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_logic import Cast
from edgekit.converter.ir.shapes_binary import groups, taps
from edgekit.errors import UnsupportedError

PLUS = 127
"""The code of +1, and the zero point."""
STEP = 255
"""Between both codes."""
WEIGHT = 2
"""Magnitude of a weight."""
_TABLE = "signs_of_bytes"
_FINE = Quant.per_tensor(1.0, 0)


def portable(graph: Graph) -> Graph:
    """The int8 graph without LCE's operators; others come back as they are.

    Raises UnsupportedError for what has no such form: signs of float32, padding of zeros, clamped
    sums, unpacking.
    """
    if not any(isinstance(node.op, BINARY) for node in graph.nodes):
        return graph
    builder = _Builder(graph)
    for node in graph.nodes:
        builder.add(node)
    renewed = graph.with_tensors(*builder.tensors.values())
    return renewed.with_nodes(builder.nodes)


class _Builder:
    """Nodes and tensors of the new graph; codes keep the names of the packed tensors."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        self.channels: dict[str, int] = {}

    def add(self, node: Node) -> None:
        """The node in TFLite's operators."""
        match node.op:
            case ops.LceQuantize():
                self._signs(node)
            case ops.LceBMaxPool2d():
                self._pool(node, node.op)
            case ops.LceBconv2d():
                self._convolution(node, node.op)
            case ops.LceDequantize():
                raise _refusal(node, "signs as values", "signs that binarized layers read")
            case _:
                self.nodes.append(node)

    def _code(self, name: str, channels: int, scale: float) -> Tensor:
        packed = self.graph[name]
        shape = (*packed.shape[:-1], channels)
        code = Tensor(name, shape, DType.INT8, Quant.per_tensor(scale, PLUS))
        self.tensors[name], self.channels[name] = code, channels
        return code

    def _signs(self, node: Node) -> None:
        x = self.graph.input(node)
        if x.dtype is not DType.INT8 or x.quant is None:
            raise _refusal(node, f"signs of {x.dtype}", "int8", "leave --precision float32 out")
        self._code(node.output, x.shape[-1], x.quant.scale / 256)
        self.nodes.append(replace(node, op=ops.Quantize()))

    def _pool(self, node: Node, op: ops.LceBMaxPool2d) -> None:
        source = self.tensors[node.inputs[0] or ""]
        assert source.quant is not None
        self._code(node.output, source.shape[-1], source.quant.scale)
        window = (op.filter_h, op.filter_w, op.stride_h, op.stride_w)
        self.nodes.append(replace(node, op=ops.MaxPool2D(op.padding, *window)))

    def _convolution(self, node: Node, op: ops.LceBconv2d) -> None:
        if op.activation is not Activation.NONE:
            raise _refusal(node, f"activation {op.activation}", "NONE")
        if op.padding is Padding.SAME and op.pad_values == 0:
            raise _refusal(node, "padding of zeros", "padding of ones, VALID")
        x, packed = self.tensors[node.inputs[0] or ""], self.graph.input(node, 1)
        assert x.quant is not None
        own = op.channels_in // groups(self.graph, node)
        signs = np.where(unpack_bits(packed.values.astype(np.int32), own), -1, 1)
        output = self.graph.output(node)
        if output.dtype is DType.INT32:
            self._code(node.output, len(signs), x.quant.scale)
            scales, bias = self._saturating(node, signs)
        elif output.dtype is DType.INT8:
            signs, scales, bias = self._scaled(node, signs, x.quant.scale)
        else:
            raise _refusal(node, f"{output.dtype} output", "int8, packed", "quantize the model")
        weights = self._weights(node, signs, Quant.per_channel(scales.tolist(), 0))
        products = [x.quant.scale * scale for scale in scales.tolist()]
        shift = Tensor(
            f"{node.name}_bias",
            bias.shape,
            DType.INT32,
            Quant.per_channel(products, 0),
            bias.astype(np.int32),
        )
        self.tensors[shift.name] = shift
        steps = (op.stride_h, op.stride_w, op.dilation_h, op.dilation_w)
        inputs = (node.inputs[0], weights, shift.name)
        self.nodes.append(replace(node, op=ops.Conv2D(op.padding, *steps), inputs=inputs))

    def _saturating(
        self, node: Node, signs: NDArray[np.int_]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Scales of 1, and the bias that moves the threshold between two multiples of 255."""
        count, threshold = taps(self.graph, node), self.graph.input(node, 4)
        cut = np.clip(threshold.values.astype(np.int64).reshape(-1), -1, count)
        sums = signs.reshape(len(signs), -1).sum(axis=1)
        return np.ones(len(signs)), STEP * (sums + 2 * cut + 1 - count)

    def _scaled(
        self, node: Node, signs: NDArray[np.int_], source: float
    ) -> tuple[NDArray[np.int_], NDArray[np.float64], NDArray[np.int64]]:
        """Weights with the multipliers' signs, their scales and the bias. A multiplier near 0 is
        raised until the bias fits; all products together then stay below half a step."""
        y = self.graph.output(node).quant
        assert y is not None
        factor, bias = (
            self.graph.input(node, at).values.astype(np.float64).reshape(-1) for at in (2, 3)
        )
        flipped = np.where(factor < 0, -1, 1)
        signs = signs * flipped[:, None, None, None]
        least = 0.4 * y.scale / (STEP * WEIGHT * taps(self.graph, node) * source)
        scales = np.maximum(np.abs(factor) / (STEP * source), least)
        scales = scales.astype(np.float32).astype(np.float64)
        sums = signs.reshape(len(signs), -1).sum(axis=1)
        moved = np.clip(np.rint(bias / (source * scales)), -(1 << 30), 1 << 30)
        return signs, scales, STEP * sums + moved.astype(np.int64)

    def _weights(self, node: Node, signs: NDArray[np.int_], quant: Quant) -> str:
        """1 bit each, unpacked by a table; returns the name of the unpacked ones."""
        bits = (signs < 0).reshape(-1)
        stored = np.packbits(bits, bitorder="little")
        self._table()
        size = 8 * len(stored)
        shown = [
            Tensor(f"{node.name}_bits", stored.shape, DType.UINT8, None, stored),
            Tensor(f"{node.name}_rows", stored.shape, DType.INT32),
            Tensor(f"{node.name}_bytes", (len(stored), 8), DType.INT8, _FINE),
        ]
        self.nodes.append(Node(shown[1].name, Cast(), (shown[0].name,), (shown[1].name,)))
        rows = (_TABLE, shown[1].name)
        self.nodes.append(Node(shown[2].name, ops.Gather(0), rows, (shown[2].name,)))
        last = shown[2].name
        if size > len(bits):
            last = self._cut(node, last, len(bits))
        weights = Tensor(f"{node.name}_weights", signs.shape, DType.INT8, quant)
        shape = np.array(signs.shape, np.int32)
        target = Tensor(f"{node.name}_shape", shape.shape, DType.INT32, None, shape)
        self.nodes.append(Node(weights.name, ops.Reshape(), (last, target.name), (weights.name,)))
        self.tensors |= {tensor.name: tensor for tensor in (*shown, weights, target)}
        return weights.name

    def _cut(self, node: Node, source: str, count: int) -> str:
        """The first `count` values of whole bytes."""
        size = -(-count // 8) * 8
        flat = Tensor(f"{node.name}_flat", (size,), DType.INT8, _FINE)
        cut = Tensor(f"{node.name}_cut", (count,), DType.INT8, _FINE)
        numbers = {"line": [-1], "first": [0], "count": [count]}
        made = {
            word: Tensor(f"{node.name}_{word}", (1,), DType.INT32, None, np.array(v, np.int32))
            for word, v in numbers.items()
        }
        self.tensors |= {tensor.name: tensor for tensor in (flat, cut, *made.values())}
        self.nodes.append(Node(flat.name, ops.Reshape(), (source, made["line"].name), (flat.name,)))
        operands = (flat.name, made["first"].name, made["count"].name)
        self.nodes.append(Node(cut.name, ops.Slice(), operands, (cut.name,)))
        return cut.name

    def _table(self) -> None:
        """Row b: the weights of byte b's bits, lowest first."""
        if _TABLE not in self.tensors:
            every = np.arange(256, dtype=np.uint8)[:, None]
            bits = np.unpackbits(every, axis=1, bitorder="little")
            rows = np.where(bits == 1, -WEIGHT, WEIGHT).astype(np.int8)
            self.tensors[_TABLE] = Tensor(_TABLE, rows.shape, DType.INT8, _FINE, rows)


def _refusal(node: Node, found: str, allowed: str, hint: str = "") -> UnsupportedError:
    return UnsupportedError(
        f"{node.op.NAME} {node.name}",
        f"{found} has no form in TFLite's own operators",
        allowed=allowed,
        hint=hint or "write LCE's operators: --binary-format lce",
        code="portable-binary",
    )
