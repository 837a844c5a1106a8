"""Random int8 single-operator models: (name, model bytes, inputs), the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.helpers import oracle
from tests.helpers.oracle import Array, Quant, Tensor

Rng = np.random.Generator
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
EXTREME_ZEROS = (-128, 127, 0)


@dataclass(frozen=True)
class Case:
    """A model and one input for each of its inputs."""

    name: str
    model: bytes
    inputs: list[Array]


def codes(rng: Rng, shape: tuple[int, ...]) -> Array:
    """int8 values over the whole range, sometimes only its two ends."""
    if rng.random() < 0.1:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    return rng.integers(-128, 128, shape).astype(np.int8)


def zero(rng: Rng) -> int:
    """A zero point, often an extreme one."""
    return int(rng.choice(EXTREME_ZEROS)) if rng.random() < 0.4 else int(rng.integers(-128, 128))


def scale(rng: Rng, low: float = 1e-3, high: float = 0.5) -> float:
    return float(np.float32(np.exp(rng.uniform(np.log(low), np.log(high)))))


def activation(rng: Rng, *allowed: str) -> str:
    return str(rng.choice(allowed or ACTIVATIONS))


def size(rng: Rng, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


def weights(rng: Rng, shape: tuple[int, ...], axis: int) -> Tensor:
    """Per channel along `axis`, or per tensor; values up to +-127."""
    channels = shape[axis] if rng.random() < 0.7 else 1
    scales = [scale(rng, 1e-4, 1e-2) for _ in range(channels)]
    data = rng.integers(-127, 128, shape).astype(np.int8)
    return Tensor(shape, scale=scales, axis=axis, data=data)


def bias(rng: Rng, x: Tensor, w: Tensor, channels: int) -> Tensor:
    data = rng.integers(-30000, 30000, channels).astype(np.int32)
    return Tensor((channels,), "int32", scale=oracle.bias_scale(x, w), axis=0, data=data)


def output(rng: Rng, x: Tensor, w: Tensor, taps: int) -> Quant:
    """A scale for which outputs spread over the int8 range."""
    spread = float(x.scales[0] * w.scales.mean()) * 74 * 74 * np.sqrt(taps)
    return Quant(float(np.float32(spread * rng.uniform(0.01, 0.08))), zero(rng))


def conv(rng: Rng) -> tuple[bytes, list[Array]]:
    kernel = (size(rng, 1, 4), size(rng, 1, 4))
    dilation = (size(rng, 1, 2), size(rng, 1, 2)) if rng.random() < 0.3 else (1, 1)
    channels = size(rng, 1, 9)
    x = Tensor((1, size(rng, 8, 13), size(rng, 8, 13), channels), "int8", scale(rng), zero(rng))
    w = weights(rng, (size(rng, 1, 10), *kernel, channels), 0)
    model = oracle.conv_model(
        x,
        w,
        bias(rng, x, w, w.shape[0]),
        output(rng, x, w, kernel[0] * kernel[1] * channels),
        stride=(size(rng, 1, 3), size(rng, 1, 3)),
        dilation=dilation,
        padding=str(rng.choice(["SAME", "VALID"])),
        activation=activation(rng),
    )
    return model, [codes(rng, x.shape)]


def depthwise(rng: Rng) -> tuple[bytes, list[Array]]:
    kernel = (size(rng, 1, 4), size(rng, 1, 4))
    channels, multiplier = size(rng, 1, 6), size(rng, 1, 3)
    stride = size(rng, 1, 3)
    x = Tensor((1, size(rng, 8, 13), size(rng, 8, 13), channels), "int8", scale(rng), zero(rng))
    w = weights(rng, (1, *kernel, channels * multiplier), 3)
    model = oracle.depthwise_conv_model(
        x,
        w,
        bias(rng, x, w, w.shape[3]),
        output(rng, x, w, kernel[0] * kernel[1]),
        stride=(stride, stride),
        dilation=(1, 1) if stride > 1 else (size(rng, 1, 2), size(rng, 1, 2)),
        padding=str(rng.choice(["SAME", "VALID"])),
        activation=activation(rng),
    )
    return model, [codes(rng, x.shape)]


def transpose_conv(rng: Rng) -> tuple[bytes, list[Array]]:
    kernel, stride = (size(rng, 1, 4), size(rng, 1, 4)), (size(rng, 1, 3), size(rng, 1, 3))
    padding = str(rng.choice(["SAME", "VALID"]))
    shape = (1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 6))
    if padding == "SAME":
        to = [(n - 1) * s + size(rng, 1, s) for n, s in zip(shape[1:3], stride, strict=True)]
    else:
        to = [
            (n - 1) * s + k + size(rng, 0, s - 1)
            for n, s, k in zip(shape[1:3], stride, kernel, strict=True)
        ]
    x = Tensor(shape, "int8", scale(rng), zero(rng))
    w = weights(rng, (size(rng, 1, 6), *kernel, shape[3]), 0)
    model = oracle.transpose_conv_model(
        x,
        w,
        bias(rng, x, w, w.shape[0]) if rng.random() < 0.7 else None,
        output(rng, x, w, kernel[0] * kernel[1] * shape[3]),
        size=(to[0], to[1]),
        stride=stride,
        padding=padding,
    )
    return model, [codes(rng, x.shape)]


def fully_connected(rng: Rng) -> tuple[bytes, list[Array]]:
    x = Tensor((size(rng, 1, 3), size(rng, 1, 70)), "int8", scale(rng), zero(rng))
    w = weights(rng, (size(rng, 1, 20), x.shape[1]), 0)
    to = output(rng, x, w, x.shape[1])
    b = bias(rng, x, w, w.shape[0])
    model = oracle.fully_connected_model(x, w, b, to, activation=activation(rng))
    return model, [codes(rng, x.shape)]


def pool(kind: str) -> Callable[[Rng], tuple[bytes, list[Array]]]:
    def make(rng: Rng) -> tuple[bytes, list[Array]]:
        shape = (1, size(rng, 4, 9), size(rng, 4, 9), size(rng, 1, 5))
        x = Tensor(shape, "int8", scale(rng, 0.01, 0.1), zero(rng))
        model = oracle.pool_model(
            kind,
            x,
            window=(size(rng, 1, 4), size(rng, 1, 4)),
            stride=(size(rng, 1, 3), size(rng, 1, 3)),
            padding=str(rng.choice(["SAME", "VALID"])),
            activation=activation(rng, "NONE", "RELU", "RELU6"),
        )
        return model, [codes(rng, shape)]

    return make


def mean(rng: Rng) -> tuple[bytes, list[Array]]:
    shape = (1, size(rng, 1, 9), size(rng, 1, 9), size(rng, 1, 20))
    axes = ((1, 2), (2, 1), (1,), (3,))[size(rng, 0, 3)]
    x = Tensor(shape, "int8", scale(rng), zero(rng))
    same = rng.random() < 0.3
    to = Quant(x.scales[0], x.zero_point) if same else Quant(scale(rng), zero(rng))
    model = oracle.mean_model(x, to, axes=axes, keep_dims=bool(rng.random() < 0.5))
    return model, [codes(rng, shape)]


def binary(kind: str) -> Callable[[Rng], tuple[bytes, list[Array]]]:
    build = {"add": oracle.add_model, "mul": oracle.mul_model}[kind]

    def make(rng: Rng) -> tuple[bytes, list[Array]]:
        shape = (1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 9))
        other = ((1, 1, 1, shape[3]), shape, shape)[size(rng, 0, 2)]
        shapes = [shape, other] if rng.random() < 0.5 else [other, shape]
        a, b = (Tensor(each, "int8", scale(rng), zero(rng)) for each in shapes)
        factor = (a.scales * b.scales * 128)[0] if kind == "mul" else max(a.scales, b.scales)[0]
        to = Quant(float(factor * np.float32(rng.uniform(0.3, 3))), zero(rng))
        inputs = [codes(rng, a.shape), codes(rng, b.shape)]
        return build(a, b, to, activation=activation(rng)), inputs

    return make


def pad(rng: Rng) -> tuple[bytes, list[Array]]:
    x = Tensor((1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 5)), "int8", 0.1, zero(rng))
    amounts = [(0, 0), *((size(rng, 0, 3), size(rng, 0, 3)) for _ in range(3))]
    return oracle.pad_model(x, amounts), [codes(rng, x.shape)]


def concatenation(rng: Rng) -> tuple[bytes, list[Array]]:
    axis, base = size(rng, 1, 3), [1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 5)]
    to = Quant(0.1, zero(rng))
    tensors = []
    for _ in range(size(rng, 2, 4)):
        base[axis] = size(rng, 1, 5)
        tensors.append(Tensor(tuple(base), "int8", to.scale, to.zero_point))
    model = oracle.concatenation_model(tensors, to, axis=axis)
    return model, [codes(rng, t.shape) for t in tensors]


def softmax(rng: Rng) -> tuple[bytes, list[Array]]:
    shape = (size(rng, 1, 3), size(rng, 1, 12 if rng.random() < 0.8 else 400))
    x = Tensor(shape, "int8", scale(rng, 1e-3, 2.0), zero(rng))
    beta = float(rng.choice([1.0, 0.5, 2.0]))
    return oracle.softmax_model(x, beta=beta), [codes(rng, shape)]


EVERY_CODE = np.arange(-128, 128, dtype=np.int8)[None]


def logistic(rng: Rng) -> tuple[bytes, list[Array]]:
    x = Tensor((1, 256), "int8", scale(rng, 1e-4, 4.0), zero(rng))
    return oracle.unary_model("LOGISTIC", x, Quant(1 / 256, -128)), [EVERY_CODE]


def relu(rng: Rng) -> tuple[bytes, list[Array]]:
    x = Tensor((1, 256), "int8", scale(rng), zero(rng))
    return oracle.unary_model("RELU", x, Quant(scale(rng), zero(rng))), [EVERY_CODE]


def relu6(rng: Rng) -> tuple[bytes, list[Array]]:
    x = Tensor((1, 256), "int8", scale(rng, 0.02, 0.1), zero(rng))
    return oracle.unary_model("RELU6", x, Quant(float(x.scales[0]), x.zero_point)), [EVERY_CODE]


def requantize(rng: Rng) -> tuple[bytes, list[Array]]:
    x = Tensor((1, 256), "int8", scale(rng), zero(rng))
    return oracle.quantize_model(x, Quant(scale(rng), zero(rng))), [EVERY_CODE]


def quantize(rng: Rng) -> tuple[bytes, list[Array]]:
    x, to = Tensor((4, 64), "float32"), Quant(scale(rng), zero(rng))
    values = rng.normal(0, 100 * to.scale, x.shape).astype(np.float32)
    halves = (rng.integers(-260, 260, 64) + 0.5).astype(np.float32) * np.float32(to.scale)
    values[0] = halves
    return oracle.quantize_model(x, to), [values]


def dequantize(rng: Rng) -> tuple[bytes, list[Array]]:
    return oracle.dequantize_model(Tensor((1, 256), "int8", scale(rng), zero(rng))), [EVERY_CODE]


def reshape(rng: Rng) -> tuple[bytes, list[Array]]:
    x = Tensor((1, 4, 3, size(rng, 1, 5)), "int8", 0.1, zero(rng))
    return oracle.reshape_model(x, (1, 12 * x.shape[3])), [codes(rng, x.shape)]


def squeeze(rng: Rng) -> tuple[bytes, list[Array]]:
    x = Tensor((1, 1, size(rng, 1, 5), 4), "int8", 0.1, zero(rng))
    return oracle.squeeze_model(x, (1,)), [codes(rng, x.shape)]


MAKERS: dict[str, Callable[[Rng], tuple[bytes, list[Array]]]] = {
    "conv": conv,
    "depthwise": depthwise,
    "transpose_conv": transpose_conv,
    "fully_connected": fully_connected,
    "average_pool": pool("AVERAGE"),
    "max_pool": pool("MAX"),
    "mean": mean,
    "add": binary("add"),
    "mul": binary("mul"),
    "pad": pad,
    "concatenation": concatenation,
    "softmax": softmax,
    "logistic": logistic,
    "relu": relu,
    "relu6": relu6,
    "requantize": requantize,
    "quantize": quantize,
    "dequantize": dequantize,
    "reshape": reshape,
    "squeeze": squeeze,
}
