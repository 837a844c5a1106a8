"""Parts of binarized graphs in TFLite's own operators: codes of signs, and weights of 1 bit.

A sign is an int8 code: 127 for +1, -128 for -1, under zero point 127.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Op, Padding
from edgekit.converter.ir.ops_logic import Cast, GreaterEqual

PLUS = 127
"""The code of +1, and the zero point."""
STEP = 255
"""Between both codes."""
WEIGHT = 16
"""Magnitude of a weight, even; the larger, the finer the steps of a bias."""
SUM = STEP * WEIGHT // 2
"""What a sum of products of signs is multiplied by."""
_FACTOR = 127
"""Weight of an unpacking convolution: what its bias rounds off is below 1/127 of a step."""
_TABLE = "signs_of_bytes"
_HALF = "half_of_the_bytes"
_FINE = Quant.per_tensor(1.0, 0)


class Parts:
    """Nodes and tensors of the new graph; codes keep the names of the packed tensors."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        self._unpacked: dict[tuple[str, float, int], str] = {}

    def code(self, name: str, channels: int, scale: float) -> None:
        """The packed tensor becomes one of codes."""
        shape = (*self.graph[name].shape[:-1], channels)
        self.tensors[name] = Tensor(name, shape, DType.INT8, Quant.per_tensor(scale, PLUS))

    def constant(self, name: str, values: NDArray[np.generic], quant: Quant | None = None) -> str:
        """Its name."""
        self.tensors[name] = Tensor(name, values.shape, DType(str(values.dtype)), quant, values)
        return name

    def made(self, op: Op, inputs: tuple[str, ...], output: Tensor) -> str:
        """A node named like its output, whose name it returns."""
        self.tensors[output.name] = output
        self.nodes.append(Node(output.name, op, inputs, (output.name,)))
        return output.name

    def steps(self, name: str, x: Tensor) -> str:
        """What QUANTIZE takes for the signs of float32 or bool: 0 for +1, -1 for -1, exactly."""
        source = x.name
        if x.dtype is DType.FLOAT32:
            zero = self.constant(f"{name}_zero", np.zeros(1, np.float32))
            above = Tensor(f"{name}_above", x.shape, DType.BOOL)
            source = self.made(GreaterEqual(), (source, zero), above)
        ones = Tensor(f"{name}_ones", x.shape, DType.FLOAT32)
        source = self.made(Cast(), (source,), ones)
        less = self.constant(f"{name}_less", np.full(1, -1, np.float32))
        return self.made(ops.Add(), (source, less), Tensor(f"{name}_steps", x.shape, DType.FLOAT32))

    def values(self, source: str, plus: int, minus: int, quant: Quant, output: str = "") -> str:
        """Codes as two other values: a 1x1 DEPTHWISE_CONV_2D whose factor is the ratio of the
        steps, exact because its weight is large and so its bias fine."""
        key = (source, quant.scale, quant.zero_point)
        if not output and key in self._unpacked:
            return self._unpacked[key]
        x = self.tensors[source]
        assert x.quant is not None
        name = output or f"{source}_values"
        image = self._as_image(source)
        channels, step = x.shape[-1], plus - minus
        factor = step * quant.scale / (STEP * _FACTOR * x.quant.scale) if step else 1.0
        bias = round((plus - quant.zero_point) * STEP * _FACTOR / step) if step else 0
        weights = np.full((1, 1, 1, channels), _FACTOR if step else 0, np.int8)
        scales = [float(np.float32(factor))] * channels
        operands = (
            image,
            self.constant(f"{name}_factor", weights, Quant.per_channel(scales, 3)),
            self.constant(
                f"{name}_shift",
                np.full(channels, bias, np.int32),
                Quant.per_channel([x.quant.scale * scale for scale in scales], 0),
            ),
        )
        op = ops.DepthwiseConv2D(Padding.VALID)
        if len(x.shape) == 4:
            made = self.made(op, operands, Tensor(name, x.shape, DType.INT8, quant))
        else:
            pixels = Tensor(f"{name}_pixels", self.tensors[image].shape, DType.INT8, quant)
            last = self.made(op, operands, pixels)
            made = self.reshaped(last, Tensor(name, x.shape, DType.INT8, quant))
        if not output:
            self._unpacked[key] = made
        return made

    def _as_image(self, source: str) -> str:
        x = self.tensors[source]
        if len(x.shape) == 4:
            return source
        shape = (1, 1, int(np.prod(x.shape[:-1])), x.shape[-1])
        return self.reshaped(source, Tensor(f"{source}_image", shape, x.dtype, x.quant))

    def reshaped(self, source: str, output: Tensor) -> str:
        """RESHAPE to `output`."""
        shape = self.constant(f"{output.name}_shape", np.array(output.shape, np.int32))
        return self.made(ops.Reshape(), (source, shape), output)

    def weights(self, name: str, signs: NDArray[np.int_], quant: Quant) -> str:
        """1 bit each, unpacked by a table; returns the name of the unpacked ones."""
        stored = np.packbits((signs < 0).reshape(-1), bitorder="little")
        bits = self.constant(f"{name}_bits", stored.view(np.int8), _FINE)
        signed = self.made(Cast(), (bits,), Tensor(f"{name}_signed", stored.shape, DType.INT32))
        rows = Tensor(f"{name}_rows", stored.shape, DType.INT32)
        operands = (self._table(), self.made(ops.Add(), (signed, _HALF), rows))
        whole = Tensor(f"{name}_bytes", (len(stored), 8), DType.INT8, _FINE)
        last = self.made(ops.Gather(0), operands, whole)
        if 8 * len(stored) > signs.size:
            last = self._cut(name, last, signs.size)
        return self.reshaped(last, Tensor(f"{name}_weights", signs.shape, DType.INT8, quant))

    def _cut(self, name: str, source: str, count: int) -> str:
        """The first `count` values of whole bytes."""
        flat = Tensor(f"{name}_flat", (self.tensors[source].size,), DType.INT8, _FINE)
        first = self.constant(f"{name}_first", np.array([0], np.int32))
        size = self.constant(f"{name}_count", np.array([count], np.int32))
        operands = (self.reshaped(source, flat), first, size)
        return self.made(ops.Slice(), operands, Tensor(f"{name}_cut", (count,), DType.INT8, _FINE))

    def _table(self) -> str:
        """Row b + 128: the weights of byte b's bits, lowest first, b as a signed number: from
        those alone tflite-micro casts."""
        if _TABLE not in self.tensors:
            every = np.arange(-128, 128, dtype=np.int8).view(np.uint8)[:, None]
            bits = np.unpackbits(every, axis=1, bitorder="little")
            self.constant(_TABLE, np.where(bits == 1, -WEIGHT, WEIGHT).astype(np.int8), _FINE)
            self.constant(_HALF, np.array([128], np.int32))
        return _TABLE
