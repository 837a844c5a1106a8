"""Random single-operator models with int16 activations, for every operator that takes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.helpers import oracle
from tests.helpers.oracle import Array, Quant, Tensor
from tests.helpers.three_engines import Case

Rng = np.random.Generator
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
UNIT = Quant(1 / 32768, 0, "int16")
REPEATS = 24


def scale(rng: Rng, low: float = 2e-5, high: float = 2e-3) -> float:
    return float(np.float32(np.exp(rng.uniform(np.log(low), np.log(high)))))


def tensor(rng: Rng, *shape: int) -> Tensor:
    return Tensor(shape, "int16", scale(rng))


def codes(rng: Rng, x: Tensor) -> Array:
    """The whole range, sometimes only its two ends, sometimes small values."""
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(np.array([-32768, 32767], np.int16), x.shape)
    reach = 32768 if kind < 0.7 else 300
    return rng.integers(-reach, reach, x.shape).astype(np.int16)


def pair(rng: Rng, low: int, high: int) -> tuple[int, int]:
    first, second = rng.integers(low, high + 1, 2)
    return int(first), int(second)


def act(rng: Rng) -> str:
    return str(rng.choice(ACTIVATIONS))


def weighted(
    rng: Rng, x: Tensor, shape: tuple[int, ...], axis: int, taps: int
) -> tuple[Tensor, Tensor | None, Quant]:
    """Weights, a bias or none, and an output scale that uses all of int16."""
    channels = shape[axis]
    scales = rng.uniform(1e-3, 2e-2, channels if rng.random() < 0.7 else 1)
    data = rng.integers(-127, 128, shape).astype(np.int8)
    w = Tensor(shape, scale=scales, axis=axis, data=data)
    bias = rng.integers(-(10**7), 10**7, channels).astype(np.int64)
    b = Tensor((channels,), "int64", scale=oracle.bias_scale(x, w), axis=0, data=bias)
    spread = float(x.scales[0] * w.scales.mean()) * 73 * 18900 * np.sqrt(taps)
    output = Quant(float(np.float32(spread / 32768 * rng.uniform(0.5, 5))), 0, "int16")
    return w, b, output


def convolution(rng: Rng) -> tuple[bytes, list[Array]]:
    kernel, (c, o) = pair(rng, 1, 4), pair(rng, 1, 7)
    dilation = pair(rng, 1, 2)
    x = tensor(rng, 1, *pair(rng, 8, 11), c)
    w, b, y = weighted(rng, x, (o, *kernel, c), 0, kernel[0] * kernel[1] * c)
    stride = pair(rng, 1, 2) if dilation == (1, 1) else (1, 1)
    padding = str(rng.choice(["SAME", "VALID"]))
    model = oracle.conv_model(
        x, w, b, y, stride=stride, dilation=dilation, padding=padding, activation=act(rng)
    )
    return model, [codes(rng, x)]


def depthwise(rng: Rng) -> tuple[bytes, list[Array]]:
    kernel, (c, multiplier) = pair(rng, 1, 4), pair(rng, 1, 4)
    x = tensor(rng, 1, *pair(rng, 8, 11), c)
    w, b, y = weighted(rng, x, (1, *kernel, c * multiplier), 3, kernel[0] * kernel[1])
    stride = int(rng.integers(1, 3))
    dilation = pair(rng, 1, 2) if stride == 1 else (1, 1)
    padding = str(rng.choice(["SAME", "VALID"]))
    model = oracle.depthwise_conv_model(
        x, w, b, y, stride=(stride, stride), dilation=dilation, padding=padding,
        activation=act(rng),
    )  # fmt: skip
    return model, [codes(rng, x)]


def fully_connected(rng: Rng) -> tuple[bytes, list[Array]]:
    rows, outputs, depth = (int(v) for v in rng.integers(1, [4, 12, 90]))
    x = tensor(rng, rows, depth)
    w, b, y = weighted(rng, x, (outputs, depth), 0, depth)
    return oracle.fully_connected_model(x, w, b, y, activation=act(rng)), [codes(rng, x)]


def pool(kind: str) -> Callable[[Rng], tuple[bytes, list[Array]]]:
    def make(rng: Rng) -> tuple[bytes, list[Array]]:
        x = tensor(rng, 1, *pair(rng, 4, 9), int(rng.integers(1, 5)))
        model = oracle.pool_model(
            kind, x, window=pair(rng, 1, 4), stride=pair(rng, 1, 3),
            padding=str(rng.choice(["SAME", "VALID"])), activation=act(rng),
        )  # fmt: skip
        return model, [codes(rng, x)]

    return make


def mean(rng: Rng) -> tuple[bytes, list[Array]]:
    x = tensor(rng, 1, *pair(rng, 1, 9), int(rng.integers(1, 20)))
    axes = ((1, 2), (2, 1), (1,), (3,))[int(rng.integers(4))]
    same = rng.random() < 0.3
    y = Quant(float(x.scales[0]) * (1 if same else rng.uniform(0.3, 3)), 0, "int16")
    return oracle.mean_model(x, y, axes=axes, keep_dims=bool(rng.integers(2))), [codes(rng, x)]


def binary(kind: str) -> Callable[[Rng], tuple[bytes, list[Array]]]:
    build = {"add": oracle.add_model, "mul": oracle.mul_model}[kind]

    def make(rng: Rng) -> tuple[bytes, list[Array]]:
        shape = (1, *pair(rng, 1, 5), int(rng.integers(1, 9)))
        other = ((1, 1, 1, shape[3]), shape, shape)[int(rng.integers(3))]
        a, b = tensor(rng, *shape), tensor(rng, *other)
        if rng.random() < 0.5:
            a, b = b, a
        x, y = float(a.scales[0]), float(b.scales[0])
        reach = x + y if kind == "add" else 20000 * x * y
        to = Quant(float(np.float32(reach * rng.uniform(0.4, 1.5))), 0, "int16")
        return build(a, b, to, activation=act(rng)), [codes(rng, a), codes(rng, b)]

    return make


def softmax(rng: Rng) -> tuple[bytes, list[Array]]:
    x = tensor(rng, int(rng.integers(1, 4)), int(rng.integers(1, 60)))
    beta = float(rng.choice([1.0, 1.0, 0.7, 2.0]))
    return oracle.softmax_model(x, beta=beta), [codes(rng, x)]


def unit(operator: str) -> Callable[[Rng], tuple[bytes, list[Array]]]:
    def make(rng: Rng) -> tuple[bytes, list[Array]]:
        wide = scale(rng, 1e-5, 2.0) if rng.integers(3) else float(2.0 ** -rng.integers(9, 16))
        x = Tensor((1, 400), "int16", wide)
        return oracle.unary_model(operator, x, UNIT), [codes(rng, x)]

    return make


def relu(operator: str) -> Callable[[Rng], tuple[bytes, list[Array]]]:
    def make(rng: Rng) -> tuple[bytes, list[Array]]:
        x = tensor(rng, 1, 100)
        # tflite-micro's RELU6 only clamps: it is defined for equal scales alone.
        other = float(x.scales[0]) * (1 if operator == "RELU6" else rng.uniform(0.3, 3))
        return oracle.unary_model(operator, x, Quant(other, 0, "int16")), [codes(rng, x)]

    return make


def pad(rng: Rng) -> tuple[bytes, list[Array]]:
    x = tensor(rng, 1, *pair(rng, 1, 4), int(rng.integers(1, 4)))
    paddings = [(0, 0), *(pair(rng, 0, 2) for _ in range(3))]
    return oracle.pad_model(x, paddings), [codes(rng, x)]


def concatenation(rng: Rng) -> tuple[bytes, list[Array]]:
    shape, axis = [1, *pair(rng, 1, 4), int(rng.integers(1, 4))], int(rng.integers(1, 4))
    same, xs = scale(rng), []
    for _ in range(int(rng.integers(2, 4))):
        shape[axis] = int(rng.integers(1, 4))
        xs.append(Tensor(tuple(shape), "int16", same))
    model = oracle.concatenation_model(xs, Quant(same, 0, "int16"), axis=axis)
    return model, [codes(rng, x) for x in xs]


def reshape(rng: Rng) -> tuple[bytes, list[Array]]:
    height, width = pair(rng, 1, 6)
    x = tensor(rng, 1, height, width)
    return oracle.reshape_model(x, (1, width * height)), [codes(rng, x)]


def quantize(source: str, target: str) -> Callable[[Rng], tuple[bytes, list[Array]]]:
    def make(rng: Rng) -> tuple[bytes, list[Array]]:
        zero = int(rng.integers(-128, 128))
        byte, word = scale(rng, 5e-3, 5e-1), scale(rng)
        quants = {"int8": (byte, zero), "int16": (word, 0)}
        to = Quant(*quants[target], target)
        if (source, target) == ("int16", "int16"):
            to = Quant(word * float(rng.uniform(0.3, 3)), 0, target)
        if source == "float32":
            ties = rng.integers(-70000, 70000, 20) / 2 * np.float32(to.scale)
            values = np.concatenate([ties, rng.normal(0, 9000 * to.scale, 40)])
            x = Tensor((1, 60), "float32")
            return oracle.quantize_model(x, to), [values.astype(np.float32).reshape(1, 60)]
        x = Tensor((1, 60), source, *quants[source])
        info = np.iinfo(source)
        values = rng.integers(info.min, info.max + 1, x.shape).astype(source)
        return oracle.quantize_model(x, to), [values]

    return make


def dequantize(rng: Rng) -> tuple[bytes, list[Array]]:
    x = tensor(rng, 1, 60)
    return oracle.dequantize_model(x), [codes(rng, x)]


def transpose_conv(rng: Rng) -> tuple[bytes, list[Array]]:
    kernel, stride, (c, o) = pair(rng, 1, 4), pair(rng, 1, 3), pair(rng, 1, 5)
    height, width = pair(rng, 1, 5)
    x = tensor(rng, 1, height, width, c)
    w, b, y = weighted(rng, x, (o, *kernel, c), 0, kernel[0] * kernel[1] * c)
    model = oracle.transpose_conv_model(
        x, w, b, y, size=(height * stride[0], width * stride[1]), stride=stride, padding="SAME"
    )
    return model, [codes(rng, x)]


def prelu(rng: Rng) -> tuple[bytes, list[Array]]:
    shape = (1, *pair(rng, 1, 5), int(rng.integers(1, 9)))
    x = tensor(rng, *shape)
    slopes = rng.integers(-128, 128, (1, 1, shape[3])).astype(np.int8)
    alpha = Tensor(slopes.shape, "int8", float(rng.uniform(0.002, 0.02)), data=slopes)
    to = Quant(float(np.float32(x.scales[0] * rng.uniform(0.3, 3))), 0, "int16")
    return oracle.prelu_model(x, alpha, to), [codes(rng, x)]


MAKERS: dict[str, Callable[[Rng], tuple[bytes, list[Array]]]] = {
    "conv": convolution,
    "depthwise": depthwise,
    "fully_connected": fully_connected,
    "average_pool": pool("AVERAGE"),
    "max_pool": pool("MAX"),
    "mean": mean,
    "add": binary("add"),
    "mul": binary("mul"),
    "softmax": softmax,
    "logistic": unit("LOGISTIC"),
    "tanh": unit("TANH"),
    "relu": relu("RELU"),
    "relu6": relu("RELU6"),
    "pad": pad,
    "concatenation": concatenation,
    "reshape": reshape,
    "quantize_float": quantize("float32", "int16"),
    "quantize_int8": quantize("int8", "int16"),
    "quantize_to_int8": quantize("int16", "int8"),
    "quantize_int16": quantize("int16", "int16"),
    "dequantize": dequantize,
    "transpose_conv": transpose_conv,
    "prelu": prelu,
    "abs": relu("ABS"),
}

NOT_IN_RUNTIME = ("quantize_int8", "prelu", "abs")
"""What tflite-runtime 2.14 lacks, and ABS, whose factor it takes in float32."""


def cases(operator: str, repeats: int = REPEATS) -> list[Case]:
    """The same cases for the same operator, every time."""
    oracle.skip_without("ai_edge_litert")
    found = []
    for seed in range(repeats):
        model, inputs = MAKERS[operator](np.random.default_rng(seed))
        found.append(Case(f"{operator}-{seed}", model, inputs))
    return found
