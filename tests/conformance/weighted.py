"""Generators of the operators with weights: convolutions and the fully connected one."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Quant, Tensor
from edgekit.converter.ir.ops import Op, Padding
from tests.conformance.maker import MOST_ELEMENTS, Array, Maker, Shape
from tests.conformance.registry import generator

MOST_WEIGHTS = 6000
Pair = tuple[int, int]


@generator("CONV_2D")
def conv2d(m: Maker) -> bool:
    x = m.image()
    padding, count = m.padding(), m.channels()
    window, stride, dilation = _window(m, x, padding)
    shape = (count, *window, m[x].shape[3])
    if not _affordable(m[x], shape, count, stride):
        return False
    op = ops.Conv2D(padding, *stride, *dilation, m.activation())
    return add_weighted(m, op, x, shape, count, axis=0)


@generator("CONV_2D", "int8", "float32")
def grouped_conv2d(m: Maker) -> bool:
    """Fewer input channels in the weights than in the input; the outputs are so many per group."""
    x = m.pick(lambda t: len(t.shape) == 4 and t.shape[3] in (2, 3, 4, 8, 9, 12, 16))
    if x is None:
        return False
    depth = m[x].shape[3]
    groups = m.one_of([n for n in range(2, depth + 1) if depth % n == 0])
    count, padding = groups * m.integer(1, 3), m.padding()
    window, stride, dilation = _window(m, x, padding)
    shape = (count, *window, depth // groups)
    if not _affordable(m[x], shape, count, stride):
        return False
    op = ops.Conv2D(padding, *stride, *dilation, m.activation())
    return add_weighted(m, op, x, shape, count, axis=0)


@generator("DEPTHWISE_CONV_2D")
def depthwise_conv2d(m: Maker) -> bool:
    x = m.image()
    padding = m.padding()
    window, stride, dilation = _window(m, x, padding)
    multiplier = m.one_of((1, 1, 1, 2, 3))
    count = m[x].shape[3] * multiplier
    shape = (1, *window, count)
    if not _affordable(m[x], shape, count, stride):
        return False
    op = ops.DepthwiseConv2D(padding, *stride, *dilation, multiplier, m.activation())
    return add_weighted(m, op, x, shape, count, axis=3)


@generator("FULLY_CONNECTED")
def fully_connected(m: Maker) -> bool:
    x = m.pick(lambda tensor: len(tensor.shape) >= 2)
    if x is None:
        return False
    extents = m[x].shape
    keep = m.chance(0.3)
    depth = extents[-1] if keep or m.chance(0.4) else m[x].size // extents[0]
    count = m.channels()
    if count * depth > MOST_WEIGHTS or m[x].size // depth * count > MOST_ELEMENTS:
        return False
    op = ops.FullyConnected(m.activation(), keep)
    return add_weighted(m, op, x, (count, depth), count, axis=0)


def _window(m: Maker, x: str, padding: Padding) -> tuple[Pair, Pair, Pair]:
    """Kernel, stride and dilation that fit; with SAME the kernel may be larger than the image."""
    kernel: list[int] = []
    dilation: list[int] = []
    square = m.chance(0.4)
    for extent in m[x].shape[1:3]:
        size, step = m.integer(1, 5), m.one_of((1, 1, 1, 2, 3))
        if square and kernel:
            size, step = kernel[0], dilation[0]
        while padding is Padding.VALID and (size - 1) * step + 1 > extent:
            size, step = (size, step - 1) if step > 1 else (size - 1, 1)
        kernel.append(size)
        dilation.append(step)
    stride = (m.integer(1, 3), m.integer(1, 3))
    if square:
        stride = (stride[0], stride[0])
    return (kernel[0], kernel[1]), stride, (dilation[0], dilation[1])


def _affordable(x: Tensor, weights: Shape, count: int, stride: Shape) -> bool:
    outputs = -(-x.shape[1] // stride[0]) * -(-x.shape[2] // stride[1]) * count
    return int(np.prod(weights)) <= MOST_WEIGHTS and outputs <= MOST_ELEMENTS


def add_weighted(
    m: Maker, op: Op, x: str, shape: Shape, count: int, axis: int, *, target: str | None = None
) -> bool:
    """The node with weights, sometimes shared ones; `target` is a TRANSPOSE_CONV's shape."""
    taps = int(np.prod(shape)) // count
    int4 = target is None and (not isinstance(op, ops.Conv2D) or shape[3] == m[x].shape[3])
    quant: Quant | None = None
    if m.dtype is DType.FLOAT32:
        values = m.rng.normal(0, 1 / np.sqrt(taps), shape).astype(np.float32)
        weights = m.constant(values)
        real = m.rng.normal(0, 0.5, count).astype(np.float32)
        bias = None if m.chance(0.2) else m.constant(real)
    else:
        weights = _shared(m, op, shape, int4) or _new_weights(m, shape, count, axis, int4)
        scales = m[weights].quant
        assert scales is not None
        bias, quant = _bias(m, x, scales, count, taps), _output(m, x, scales, taps)
    operands = [x, weights, bias] if target is None else [target, weights, x, bias]
    m.add(op, operands, quant)
    return True


def _shared(m: Maker, op: Op, shape: Shape, int4: bool) -> str | None:
    """The weights of an earlier node of the same kind and shape, one time out of two."""
    earlier = [str(node.inputs[1]) for node in m.nodes if type(node.op) is type(op)]
    kinds = (DType.INT8, DType.INT4) if int4 else (DType.INT8,)
    fitting = [name for name in earlier if m[name].shape == shape and m[name].dtype in kinds]
    return fitting[0] if fitting and m.chance(0.5) else None


def _new_weights(m: Maker, shape: Shape, count: int, axis: int, int4: bool) -> str:
    if count == 1 or m.chance(0.3):  # one scale along an axis is read back as one per tensor
        scales = Quant.per_tensor(float(m.rng.uniform(0.001, 0.02)), 0)
    else:
        scales = Quant.per_channel(m.rng.uniform(0.001, 0.02, count), axis)
    if int4 and m.dtype is DType.INT8 and m.chance(0.1):
        values = m.rng.integers(-7, 8, shape).astype(np.int8)
        return m.constant_tensor(Tensor("", shape, DType.INT4, scales, values))
    return m.constant(_codes(m, shape), scales)


def _codes(m: Maker, shape: Shape) -> Array:
    """Mostly symmetric; sometimes with -128, which files of other tools contain, or all extreme."""
    style = m.rng.random()
    if style < 0.1:
        return m.rng.choice(np.array([-127, 127], np.int8), shape)
    if style < 0.2:
        return m.rng.integers(-128, 128, shape).astype(np.int8)
    return m.rng.integers(-127, 128, shape).astype(np.int8)


def _bias(m: Maker, x: str, scales: Quant, count: int, taps: int) -> str | None:
    if m.chance(0.2):
        return None
    base = m[x].quant
    assert base is not None
    products = [base.scale * scale for scale in scales.scales]
    quant = (
        Quant.per_channel(products, 0) if len(products) > 1 else Quant.per_tensor(products[0], 0)
    )
    wide = m.dtype is DType.INT16
    most = int(75 * 75 * np.sqrt(taps) * (256 if wide else 1)) if m.chance(0.8) else 1 << 24
    values = m.rng.integers(-most, most + 1, count)
    return m.constant(values.astype(np.int64 if wide else np.int32), quant)


def _output(m: Maker, x: str, scales: Quant, taps: int) -> Quant:
    """A scale for which results mostly neither vanish nor saturate, times up to 4 either way."""
    base = m[x].quant
    assert base is not None
    wide = m.dtype is DType.INT16
    spread = base.scale * float(np.mean(scales.scales)) * 74 * 74 * np.sqrt(taps) / 40
    scale = spread * float(np.exp(m.rng.uniform(-1.4, 1.4)))
    return Quant.per_tensor(scale, 0 if wide else m.zero_point())
