"""Random int8 models of the operators that work element by element."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.converter.interpret.int8_cases import (
    EVERY_CODE,
    Rng,
    activation,
    codes,
    scale,
    size,
    zero,
)
from tests.helpers import oracle
from tests.helpers.oracle import Array, Quant, Tensor

Made = tuple[bytes, list[Array]]


def shapes(rng: Rng) -> list[tuple[int, ...]]:
    """Two shapes that broadcast, the repeated one first or second."""
    shape = (1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 9))
    other = ((1, 1, 1, shape[3]), shape, (shape[3],), (1, *shape[1:3], 1))[size(rng, 0, 3)]
    return [shape, other] if rng.random() < 0.5 else [other, shape]


def sub(rng: Rng) -> Made:
    a, b = (Tensor(each, "int8", scale(rng), zero(rng)) for each in shapes(rng))
    factor = max(a.scales, b.scales)[0] * np.float32(rng.uniform(0.3, 3))
    model = oracle.sub_model(a, b, Quant(float(factor), zero(rng)), activation=activation(rng))
    return model, [codes(rng, a.shape), codes(rng, b.shape)]


def choice(operator: str) -> Callable[[Rng], Made]:
    def make(rng: Rng) -> Made:
        to = Quant(scale(rng), zero(rng))
        a, b = (Tensor(each, "int8", to.scale, to.zero_point) for each in shapes(rng))
        model = oracle.choice_model(operator, a, b, to)
        return model, [codes(rng, a.shape), codes(rng, b.shape)]

    return make


def prelu(rng: Rng) -> Made:
    shape = (1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 9))
    x = Tensor(shape, "int8", scale(rng), zero(rng))
    other = ((1, 1, shape[3]), (1, 1, 1), shape[1:])[size(rng, 0, 2)]
    alpha = Tensor(other, "int8", scale(rng), zero(rng), data=codes(rng, other))
    to = Quant(float(x.scales[0] * np.float32(rng.uniform(0.3, 3))), zero(rng))
    return oracle.prelu_model(x, alpha, to), [codes(rng, shape)]


def unary(operator: str, low: float = 1e-3, high: float = 0.5) -> Callable[[Rng], Made]:
    def make(rng: Rng) -> Made:
        x = Tensor((1, 256), "int8", scale(rng, low, high), zero(rng))
        to = Quant(float(x.scales[0] * np.float32(rng.uniform(0.1, 3))), zero(rng))
        return oracle.unary_model(operator, x, to), [EVERY_CODE]

    return make


def tanh(rng: Rng) -> Made:
    x = Tensor((1, 256), "int8", scale(rng, 1e-4, 3.9), zero(rng))
    return oracle.unary_model("TANH", x, Quant(1 / 128, 0)), [EVERY_CODE]


def leaky_relu(rng: Rng) -> Made:
    x = Tensor((1, 256), "int8", scale(rng), zero(rng))
    to = Quant(float(x.scales[0] * np.float32(rng.uniform(0.1, 3))), zero(rng))
    alpha = float(rng.choice([0.01, 0.1, 0.2, 0.3, 1.5, -0.4, 0.0]))
    return oracle.leaky_relu_model(x, to, alpha=alpha), [EVERY_CODE]


MAKERS: dict[str, Callable[[Rng], Made]] = {
    "sub": sub,
    "maximum": choice("MAXIMUM"),
    "minimum": choice("MINIMUM"),
    "prelu": prelu,
    "tanh": tanh,
    "leaky_relu": leaky_relu,
    "hard_swish": unary("HARD_SWISH", 1e-3, 0.3),
    "elu": unary("ELU", 1e-3, 0.2),
    "relu_n1_to_1": unary("RELU_N1_TO_1", 1e-3, 0.05),
    "relu_0_to_1": unary("RELU_0_TO_1", 1e-3, 0.05),
}
