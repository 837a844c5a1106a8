"""Binarized operators in TFLite's own, for interpreters without LCE's.

Signs become int8 codes: 127 for +1 and -128 for -1, under zero point 127. What a convolution pads
with is its zero point, which is +1 here, as the packed form has it. With weights of +-16 the sum
over codes is -4080 n, n the sum of the weights (+-1) that meet -1; so 2040 times the sum of
products of signs is that sum plus 2040 times the sum of the weights, which goes into the bias: all
integers. Where zeros surround the input, codes first become 127 and -127 under zero point 0.

    LceQuantize          QUANTIZE to a scale 256 times smaller: every sign saturates
    LceDequantize        DEPTHWISE_CONV_2D by 1x1 from code to value, exact
    LceBconv2d, packed   CONV_2D with output scale = input scale: 2040 (2 threshold + 1 - 2 acc)
                         is 2040 or more away from 0, and saturates to a code
    LceBconv2d, int8     CONV_2D with biases that round every count in fixed point as float32 does
    LceBMaxPool2d        MAX_POOL_2D

Weights stay 1 bit each: bytes of eight signs, CAST and ADD to indices of a table of 256 rows,
GATHER, RESHAPE. The table (2 KB) is in the file once. Weights are unpacked at every invocation.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.binary.codes import PLUS, STEP, SUM, WEIGHT, Parts
from edgekit.converter.binary_ends import output_end
from edgekit.converter.bits import unpack_bits
from edgekit.converter.fixed_point import (
    accumulator_requants,
    multiply_by_quantized_multiplier,
)
from edgekit.converter.interpret.binary import finish, int8_signs
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_logic import GreaterEqual
from edgekit.converter.ir.shapes_binary import groups, taps
from edgekit.errors import UnsupportedError

_BETWEEN_ZEROS = Quant.per_tensor(1 / PLUS, 0)
"""Of signs as 127 and -127, around which zeros can stand."""
_NEAR = 32
"""Steps of a bias within which one is sought that rounds as LCE does."""
_EXACT_ONE = Quant.per_tensor(1 / 64, 0)
"""DEQUANTIZE makes exactly 1 of 64."""


def portable(graph: Graph) -> Graph:
    """The int8 graph without LCE's operators; others come back as they are.

    Raises UnsupportedError for what has no such form: sums that are clamped or stay float32.
    """
    if not any(isinstance(node.op, BINARY) for node in graph.nodes):
        return graph
    builder = _Builder(graph)
    for node in graph.nodes:
        builder.add(node)
    renewed = graph.with_tensors(*builder.tensors.values())
    return renewed.with_nodes(builder.nodes)


class _Builder(Parts):
    """The graph, node by node."""

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
                self._dequantize(node)
            case _:
                self.nodes.append(node)

    def _signs(self, node: Node) -> None:
        x = self.graph.input(node)
        source, scale = x.name, 1 / STEP
        if x.dtype is DType.INT8:
            assert x.quant is not None
            scale = x.quant.scale / 256
        else:
            source = self.steps(node.name, x)
        self.code(node.output, x.shape[-1], scale)
        self.nodes.append(replace(node, op=ops.Quantize(), inputs=(source,)))

    def _dequantize(self, node: Node) -> None:
        """To int8 by the convolution alone; to float32 and bool from exact int8 values."""
        y, source = self.graph.output(node), node.inputs[0] or ""
        if y.dtype is DType.INT8:
            assert y.quant is not None
            self.values(source, *int8_signs(node, y), y.quant, y.name)
        elif y.dtype is DType.FLOAT32:
            last = self.values(source, 64, -64, _EXACT_ONE, f"{node.name}_exact")
            self.nodes.append(replace(node, op=ops.Dequantize(), inputs=(last,)))
        else:
            codes = self.tensors[source]
            plus = self.constant(f"{node.name}_plus", np.full(1, PLUS, np.int8), codes.quant)
            self.nodes.append(replace(node, op=GreaterEqual(), inputs=(source, plus)))

    def _pool(self, node: Node, op: ops.LceBMaxPool2d) -> None:
        source = self.tensors[node.inputs[0] or ""]
        assert source.quant is not None
        self.code(node.output, source.shape[-1], source.quant.scale)
        window = (op.filter_h, op.filter_w, op.stride_h, op.stride_w)
        self.nodes.append(replace(node, op=ops.MaxPool2D(op.padding, *window)))

    def _convolution(self, node: Node, op: ops.LceBconv2d) -> None:
        if op.activation is not Activation.NONE:
            raise _refusal(node, f"activation {op.activation}", "NONE")
        source = node.inputs[0] or ""
        zeros = op.padding is Padding.SAME and op.pad_values == 0
        if zeros:
            source = self.values(source, PLUS, -PLUS, _BETWEEN_ZEROS)
        x, packed = self.tensors[source], self.graph.input(node, 1)
        assert x.quant is not None
        own = op.channels_in // groups(self.graph, node)
        signs = np.where(unpack_bits(packed.values.astype(np.int32), own), -1, 1)
        output = self.graph.output(node)
        if output.dtype is DType.INT32:
            self.code(node.output, len(signs), x.quant.scale)
            scales, bias = np.ones(1), self._saturating(node, signs)
        elif output.dtype is DType.INT8:
            signs, scales, bias = self._scaled(node, signs, x.quant.scale, zeros)
        else:
            raise _refusal(node, f"{output.dtype} output", "int8, packed", "quantize the model")
        weights = self.weights(node.name, signs, _scales(scales))
        products = _scales(x.quant.scale * scales)
        shift = self.constant(f"{node.name}_bias", bias.astype(np.int32), products)
        steps = (op.stride_h, op.stride_w, op.dilation_h, op.dilation_w)
        self.nodes.append(
            replace(node, op=ops.Conv2D(op.padding, *steps), inputs=(source, weights, shift))
        )

    def _saturating(self, node: Node, signs: NDArray[np.int_]) -> NDArray[np.int64]:
        """The bias that puts the threshold between two sums; all scales are 1."""
        count, threshold = taps(self.graph, node), self.graph.input(node, 4)
        cut = np.clip(threshold.values.astype(np.int64).reshape(-1), -1, count)
        sums = signs.reshape(len(signs), -1).sum(axis=1)
        moved: NDArray[np.int64] = SUM * (sums + 2 * cut + 1 - count)
        return moved

    def _scaled(
        self, node: Node, signs: NDArray[np.int_], source: float, zeros: bool
    ) -> tuple[NDArray[np.int_], NDArray[np.float64], NDArray[np.int64]]:
        """Weights with the multipliers' signs, their scales and the bias. A multiplier near 0 is
        raised until the bias fits; its products together then stay below half a step, or, of
        thousands of taps, near one."""
        y, count = self.graph.output(node).quant, taps(self.graph, node)
        assert y is not None
        step = WEIGHT * PLUS if zeros else SUM
        factor, bias = (
            self.graph.input(node, at).values.astype(np.float64).reshape(-1) for at in (2, 3)
        )
        flipped = np.where(factor < 0, -1, 1)
        signs = signs * flipped[:, None, None, None]
        # Beyond this, every output saturates.
        reach = np.abs(factor) * count + 2 * y.scale
        low, high = ((code - y.zero_point) * y.scale for code in (-128, 127))
        bias = np.clip(bias, low - reach, high + reach)
        most = (1 << 31) - 1 - 2 * STEP * WEIGHT * count
        least = np.maximum(0.4 * y.scale / (STEP * WEIGHT * count), np.abs(bias) / most) / source
        scales = np.maximum(np.abs(factor) / (step * source), least)
        scales = scales.astype(np.float32).astype(np.float64)
        sums = signs.reshape(len(signs), -1).sum(axis=1)
        moved = np.clip(np.rint(bias / (source * scales)), -most, most).astype(np.int64)
        moved = self._matched(node, moved, step * flipped, Quant.per_tensor(source, 0), scales)
        return signs, scales, moved if zeros else moved + SUM * sums

    def _matched(
        self,
        node: Node,
        moved: NDArray[np.int64],
        steps: NDArray[np.int_],
        source: Quant,
        scales: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        """Each channel's bias, moved by as little as makes every count of differing bits give
        what LCE's rounding gives; left where nothing near does."""
        y, count = self.graph.output(node).quant, taps(self.graph, node)
        assert y is not None
        acc = np.arange(count + 1, dtype=np.int64)[:, None]
        wanted = finish(np.repeat(acc, len(moved), 1), output_end(self.graph, node))
        factors = accumulator_requants(source, _scales(scales), y)
        multipliers, shifts = (
            np.broadcast_to([getattr(f, part) for f in factors], moved.shape)
            for part in ("multiplier", "shift")
        )
        found, left = moved.copy(), np.arange(len(moved))
        for by in sorted(range(-_NEAR, _NEAR + 1), key=abs):
            sums = steps[left] * (count - 2 * acc) + moved[left] + by
            codes = multiply_by_quantized_multiplier(sums, multipliers[left], shifts[left])
            equal = np.clip(codes + y.zero_point, -128, 127) == wanted[:, left]
            fits = equal.all(axis=0)
            found[left[fits]] += by
            left = left[~fits]
            if not len(left):
                break
        return found


def _scales(values: NDArray[np.float64]) -> Quant:
    """One scale takes 12 bytes in a file, one for each channel as many for each."""
    if len(values) == 1:
        return Quant.per_tensor(float(values[0]), 0)
    return Quant.per_channel(values.tolist(), 0)


def _refusal(node: Node, found: str, allowed: str, hint: str = "") -> UnsupportedError:
    return UnsupportedError(
        f"{node.op.NAME} {node.name}",
        f"{found} has no form in TFLite's own operators",
        allowed=allowed,
        hint=hint or "write LCE's operators: --binary-format lce",
        code="portable-binary",
    )
