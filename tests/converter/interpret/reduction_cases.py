"""Random int8 models of reductions, matrix products and grouped convolutions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.converter.interpret import int8_cases as base
from tests.converter.interpret.int8_cases import Rng, codes, scale, size, zero
from tests.helpers import oracle
from tests.helpers import reduction_models as models
from tests.helpers.oracle import Array, Quant, Tensor

Made = tuple[bytes, list[Array]]


def reduced(operator: str) -> Callable[[Rng], Made]:
    def make(rng: Rng) -> Made:
        shape = (1, size(rng, 1, 6), size(rng, 1, 6), size(rng, 1, 9))
        axes = ((1, 2), (2,), (3,), (-1,), (1, 3), (1, 2, 3))[size(rng, 0, 5)]
        x = Tensor(shape, "int8", scale(rng), zero(rng))
        count = float(np.sqrt(np.prod([shape[axis] for axis in axes])))
        to = Quant(float(x.scales[0] * np.float32(count * rng.uniform(0.5, 2))), zero(rng))
        if operator == "REDUCE_MAX":
            to = Quant(float(x.scales[0]), x.zero_point)
        keep = bool(rng.random() < 0.5)
        return models.reduce_model(operator, x, to, axes, keep_dims=keep), [codes(rng, shape)]

    return make


def arg_max(rng: Rng) -> Made:
    shape = (size(rng, 1, 3), size(rng, 1, 5), size(rng, 1, 9))
    x, axis = Tensor(shape, "int8", 0.1, zero(rng)), size(rng, -3, 2)
    values = codes(rng, shape)
    return models.arg_max_model(x, axis), [values // 16 if rng.random() < 0.5 else values]


def batch_matmul(rng: Rng) -> Made:
    batch = ((), (size(rng, 1, 3),), (size(rng, 1, 2), size(rng, 1, 3)))[size(rng, 0, 2)]
    rows, inner, columns = (size(rng, 1, 8) for _ in range(3))
    adj_x, adj_y = bool(rng.random() < 0.4), bool(rng.random() < 0.4)
    a = Tensor(
        (*batch, *((inner, rows) if adj_x else (rows, inner))), "int8", scale(rng), zero(rng)
    )
    b_shape = (*batch, *((columns, inner) if adj_y else (inner, columns)))
    b = Tensor(b_shape, "int8", scale(rng), zero(rng))
    spread = a.scales[0] * b.scales[0] * np.float32(np.sqrt(inner) * rng.uniform(30, 120))
    to = Quant(float(spread), zero(rng))
    model = models.batch_matmul_model(a, b, to, adj_x=adj_x, adj_y=adj_y)
    return model, [codes(rng, a.shape), codes(rng, b.shape)]


def grouped_conv(rng: Rng) -> Made:
    groups, own, outputs = size(rng, 2, 4), size(rng, 1, 3), size(rng, 1, 3)
    kernel = (size(rng, 1, 3), size(rng, 1, 3))
    shape = (1, size(rng, 3, 7), size(rng, 3, 7), groups * own)
    x = Tensor(shape, "int8", scale(rng), zero(rng))
    w = base.weights(rng, (groups * outputs, *kernel, own), 0)
    model = oracle.conv_model(
        x,
        w,
        base.bias(rng, x, w, w.shape[0]),
        base.output(rng, x, w, kernel[0] * kernel[1] * own),
        stride=(size(rng, 1, 2), size(rng, 1, 2)),
        padding=str(rng.choice(["SAME", "VALID"])),
        activation=base.activation(rng),
    )
    return model, [codes(rng, shape)]


MAKERS: dict[str, Callable[[Rng], Made]] = {
    "sum": reduced("SUM"),
    "reduce_max": reduced("REDUCE_MAX"),
    "arg_max": arg_max,
    "batch_matmul": batch_matmul,
    "grouped_conv": grouped_conv,
}
