"""Random graphs of binarized operators, and single operators with everything chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.bits import WORD, pack_bits, words
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.shapes import output_extent
from tests.helpers.int8_graphs import GraphBuilder

OUTPUTS = (DType.FLOAT32, DType.INT8, DType.INT32)


@dataclass(frozen=True, slots=True)
class Case:
    """One LceBconv2d over an LceQuantize; `output` INT32 means packed."""

    channels: int = 64
    outputs: int = 64
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = Padding.SAME
    pad_values: int = 1
    activation: Activation = Activation.NONE
    groups: int = 1
    source: DType = DType.FLOAT32
    output: DType = DType.FLOAT32
    size: tuple[int, int] = (7, 6)
    batch: int = 1


def bconv_graph(case: Case, rng: np.random.Generator) -> Graph:
    """LceQuantize, LceBconv2d, and nothing else; its output is the convolution's."""
    g = GraphBuilder("bconv")
    quant = Quant.per_tensor(0.05, 3) if case.source is DType.INT8 else None
    x = g.input((case.batch, *case.size, case.channels), quant, case.source)
    packed = quantized(g, x)
    return g.graph(bconv(g, packed, case, rng))


def quantized(g: GraphBuilder, x: str) -> str:
    """LceQuantize."""
    shape = g.tensors[x].shape
    packed = (*shape[:-1], words(shape[-1]))
    return g.node(ops.LceQuantize(), [x], packed, None, dtype=DType.INT32)


def bconv(g: GraphBuilder, x: str, case: Case, rng: np.random.Generator) -> str:
    """LceBconv2d with random weights and ends."""
    own, count = case.channels // case.groups, case.outputs
    taps = case.kernel[0] * case.kernel[1] * own
    weights = pack_bits(rng.random((count, *case.kernel, own)) < 0.5)
    op = ops.LceBconv2d(
        case.channels, case.padding, case.pad_values, *case.stride, *case.dilation, case.activation
    )
    height, width = (
        output_extent(n, k, s, d, case.padding)
        for n, k, s, d in zip(
            g.tensors[x].shape[1:3], case.kernel, case.stride, case.dilation, strict=True
        )
    )
    batch, filters = g.tensors[x].shape[0], g.constant(weights)
    if case.output is DType.INT32:
        spread = np.sqrt(taps)
        middle = np.rint(taps / 2 + rng.normal(0, spread / 2, count)).astype(np.int32)
        limits = np.array([np.iinfo(np.int32).min, np.iinfo(np.int32).max], np.int32)
        fixed = np.where(rng.random(count) < 0.05, rng.choice(limits, count), middle)
        ends = [None, None, g.constant(fixed.astype(np.int32))]
        shape = (batch, height, width, words(count))
        return g.node(op, [x, filters, *ends], shape, None, dtype=DType.INT32)
    factors = (rng.normal(0, 1, count) / np.sqrt(taps)).astype(np.float32)
    moved = rng.normal(0, 1, count).astype(np.float32)
    quant = Quant.per_tensor(0.031, -5) if case.output is DType.INT8 else None
    names = [x, filters, g.constant(factors), g.constant(moved), None]
    return g.node(op, names, (batch, height, width, count), quant, dtype=case.output)


def random_case(rng: np.random.Generator, **fixed: object) -> Case:
    """A case that LCE's reference kernels take too."""
    groups = int(rng.choice([1, 1, 1, 2]))
    channels = groups * WORD * int(rng.integers(1, 4)) if groups > 1 else int(rng.integers(1, 140))
    pad_values = int(rng.integers(2)) if channels // groups % 2 == 0 else 1
    values: dict[str, object] = {
        "channels": channels,
        "outputs": groups * int(rng.integers(1, 40)),
        "kernel": tuple(rng.integers(1, 4, 2).tolist()),
        "stride": tuple(rng.integers(1, 3, 2).tolist()),
        "dilation": tuple(rng.choice([1, 1, 2], 2).tolist()),
        "padding": rng.choice([Padding.SAME, Padding.VALID]),
        "pad_values": pad_values,
        "activation": rng.choice(list(Activation)),
        "groups": groups,
        "source": rng.choice([DType.FLOAT32, DType.INT8]),
        "output": rng.choice(list(OUTPUTS)),
        "size": tuple(rng.integers(5, 10, 2).tolist()),
    }
    values["padding"] = Padding(values["padding"])
    values["activation"] = Activation(values["activation"])
    values["source"], values["output"] = DType(values["source"]), DType(values["output"])
    values |= fixed
    if values["output"] is DType.INT32 and values["padding"] is Padding.SAME:
        values["pad_values"] = 1
    return Case(**values)  # type: ignore[arg-type]


def random_values(graph: Graph, rng: np.random.Generator) -> NDArray[np.generic]:
    """An input of the graph, exact zeros and zero points among it."""
    x = graph[graph.inputs[0]]
    if x.dtype is DType.INT8:
        return rng.integers(-128, 128, x.shape).astype(np.int8)
    values = rng.normal(0, 1, x.shape).astype(np.float32)
    values[rng.random(x.shape) < 0.05] = 0
    return values


def pool_graph(rng: np.random.Generator, output: DType = DType.FLOAT32) -> Graph:
    """LceQuantize, LceBMaxPool2d, LceDequantize."""
    g = GraphBuilder("pool")
    channels, size = int(rng.integers(1, 70)), tuple(rng.integers(4, 9, 2).tolist())
    packed = quantized(g, g.input((1, *size, channels), None, DType.FLOAT32))
    window, stride = rng.integers(1, 4, 2).tolist(), rng.integers(1, 4, 2).tolist()
    padding = Padding(rng.choice([Padding.SAME, Padding.VALID]))
    rows, columns = (
        output_extent(n, k, s, 1, padding) for n, k, s in zip(size, window, stride, strict=True)
    )
    op = ops.LceBMaxPool2d(padding, *window, *stride)
    shape = (1, rows, columns, words(channels))
    pooled = g.node(op, [packed], shape, None, dtype=DType.INT32)
    quant = Quant.per_tensor(float(rng.choice([0.0078125, 0.03, 0.7])), int(rng.integers(-90, 90)))
    unpacked = g.node(
        ops.LceDequantize(),
        [pooled],
        (1, rows, columns, channels),
        quant if output is DType.INT8 else None,
        dtype=output,
    )
    return g.graph(unpacked)
