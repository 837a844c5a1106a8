"""One operator with its quantization and data, as TFLite sees it: random, and as JSON.

A case can be built into a `.tflite` for the oracle (`case.model()`), be lowered to a call of a C
kernel (`tests.helpers.kernel_lowering.run`), and be kept in a golden file with its output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.helpers import oracle
from tests.helpers.oracle import Array, Quant, Tensor


@dataclass(frozen=True, slots=True)
class Case:
    """`operands` in the operator's order, constants with data; `inputs` are those without."""

    operator: str
    operands: tuple[Tensor, ...]
    output: Quant | None
    options: dict[str, Any]
    inputs: tuple[Array, ...]

    def model(self) -> bytes:
        """The case as a single-operator `.tflite`."""
        return MODELS[self.operator](self)

    def as_json(self) -> dict[str, Any]:
        output = self.output and [self.output.scale, self.output.zero_point]
        return {
            "operator": self.operator,
            "options": self.options,
            "operands": [_tensor_json(t) for t in self.operands],
            "output": output,
            "inputs": [x.ravel().tolist() for x in self.inputs],
        }


def from_json(record: dict[str, Any]) -> Case:
    operands = tuple(_tensor_from(t) for t in record["operands"])
    free = [t for t in operands if t.data is None]
    inputs = tuple(
        np.array(values, t.dtype).reshape(t.shape)
        for t, values in zip(free, record["inputs"], strict=True)
    )
    output = record["output"] and Quant(*record["output"])
    return Case(record["operator"], operands, output, record["options"], inputs)


def _tensor_json(t: Tensor) -> dict[str, Any]:
    record: dict[str, Any] = {"shape": list(t.shape), "dtype": t.dtype}
    if t.scale is not None:
        record |= {"scale": t.scales.tolist(), "zero_point": t.zero_point, "axis": t.axis}
    return record if t.data is None else record | {"data": t.data.ravel().tolist()}


def _tensor_from(record: dict[str, Any]) -> Tensor:
    fields = {**record, "shape": tuple(record["shape"])}
    if "data" in fields:
        fields["data"] = np.array(fields["data"], fields["dtype"]).reshape(fields["shape"])
    return Tensor(**fields)


def _with_output(build: Callable[..., bytes]) -> Callable[[Case], bytes]:
    return lambda c: build(*c.operands, c.output, **c.options)


def _plain(build: Callable[..., bytes]) -> Callable[[Case], bytes]:
    return lambda c: build(*c.operands, **c.options)


MODELS: dict[str, Callable[[Case], bytes]] = {
    "CONV_2D": _with_output(oracle.conv_model),
    "DEPTHWISE_CONV_2D": _with_output(oracle.depthwise_conv_model),
    "FULLY_CONNECTED": _with_output(oracle.fully_connected_model),
    "AVERAGE_POOL_2D": lambda c: oracle.pool_model("AVERAGE", *c.operands, **c.options),
    "MAX_POOL_2D": lambda c: oracle.pool_model("MAX", *c.operands, **c.options),
    "MEAN": _with_output(oracle.mean_model),
    "ADD": _with_output(oracle.add_model),
    "MUL": _with_output(oracle.mul_model),
    "PAD": _plain(oracle.pad_model),
    "CONCATENATION": lambda c: oracle.concatenation_model(c.operands, c.output, **c.options),
    "SOFTMAX": _plain(oracle.softmax_model),
    "LOGISTIC": lambda c: oracle.unary_model("LOGISTIC", *c.operands, c.output),
    "RELU": lambda c: oracle.unary_model("RELU", *c.operands, c.output),
    "RELU6": lambda c: oracle.unary_model("RELU6", *c.operands, c.output),
    "QUANTIZE": _with_output(oracle.quantize_model),
    "DEQUANTIZE": _plain(oracle.dequantize_model),
    "RESHAPE": _plain(oracle.reshape_model),
}


# ------------------------------------------------------------------------------- random cases

Rng = np.random.Generator
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def random_case(operator: str, rng: Rng) -> Case:
    """A small random case of `operator`; shapes are a few elements, scales those of real models."""
    return RANDOM[operator](operator, rng)


def _ints(rng: Rng, low: int, high: int, count: int) -> list[int]:
    return [int(v) for v in rng.integers(low, high + 1, count)]


def _zero(rng: Rng) -> int:
    return int(rng.choice([-128, 127, 0, rng.integers(-128, 128)]))


def _scale(rng: Rng, low: float = 0.005, high: float = 0.2) -> float:
    return float(np.float32(np.exp(rng.uniform(np.log(low), np.log(high)))))


def _quant(rng: Rng) -> Quant:
    return Quant(_scale(rng), _zero(rng))


def _input(rng: Rng, shape: list[int]) -> Tensor:
    return Tensor(tuple(shape), scale=_scale(rng), zero_point=_zero(rng))


def _values(rng: Rng, *tensors: Tensor) -> tuple[Array, ...]:
    return tuple(rng.integers(-128, 128, t.shape, dtype=np.int8) for t in tensors)


def _weighted(
    rng: Rng, operator: str, x: Tensor, shape: list[int], axis: int, terms: int, options: Any
) -> Case:
    """Weights per channel or per tensor and a bias, with an output scale that uses all of int8."""
    channels = shape[axis]
    scales = [_scale(rng, 0.002, 0.02) for _ in range(channels if rng.integers(3) else 1)]
    data = rng.integers(-127, 128, shape, dtype=np.int8)
    w = Tensor(tuple(shape), scale=scales, axis=axis, data=data)
    bias = rng.integers(-3000, 3000, channels).astype(np.int32)
    b = Tensor((channels,), "int32", scale=oracle.bias_scale(x, w), data=bias)
    spread = 5500 * terms**0.5 * float(x.scales[0] * w.scales.mean()) / 60
    output = Quant(float(np.float32(spread * rng.uniform(0.4, 1.5))), _zero(rng))
    return Case(operator, (x, w, b), output, options, _values(rng, x))


def _conv(operator: str, rng: Rng) -> Case:
    stride = _ints(rng, 1, 2, 2)
    dilation = _ints(rng, 1, 2, 2) if stride == [1, 1] else [1, 1]
    (kh, kw), (n, c, o) = _ints(rng, 1, 3, 2), _ints(rng, 1, 3, 3)
    spans = [(k - 1) * d + 1 for k, d in zip((kh, kw), dilation, strict=True)]
    size = [span + extra for span, extra in zip(spans, _ints(rng, 0, 3, 2), strict=True)]
    options = _window_options(rng, stride) | {"dilation": dilation}
    x = _input(rng, [n, *size, c])
    if operator == "CONV_2D":
        return _weighted(rng, operator, x, [o, kh, kw, c], 0, kh * kw * c, options)
    if rng.integers(3) == 0:  # more channels than a kernel takes at once
        c, o = _ints(rng, 17, 20, 1)[0], 1
        x = _input(rng, [n, *size, c])
    return _weighted(rng, operator, x, [1, kh, kw, c * o], 3, kh * kw, options)


def _window_options(rng: Rng, stride: list[int]) -> dict[str, Any]:
    padding, activation = str(rng.choice(["SAME", "VALID"])), str(rng.choice(ACTIVATIONS))
    return {"stride": stride, "padding": padding, "activation": activation}


def _fully_connected(operator: str, rng: Rng) -> Case:
    rows, outputs, depth = (*_ints(rng, 1, 3, 1), *_ints(rng, 1, 6, 1), *_ints(rng, 1, 40, 1))
    x, options = _input(rng, [rows, depth]), {"activation": str(rng.choice(ACTIVATIONS))}
    return _weighted(rng, operator, x, [outputs, depth], 0, depth, options)


def _pool(operator: str, rng: Rng) -> Case:
    window, stride = _ints(rng, 1, 4, 2), _ints(rng, 1, 3, 2)
    size = [k + extra for k, extra in zip(window, _ints(rng, 0, 3, 2), strict=True)]
    x = _input(rng, [*_ints(rng, 1, 2, 1), *size, *_ints(rng, 1, 3, 1)])
    options = _window_options(rng, stride) | {"window": window}
    return Case(operator, (x,), None, options, _values(rng, x))


def _mean(operator: str, rng: Rng) -> Case:
    x = _input(rng, _ints(rng, 1, 5, 4))
    axes = sorted(int(v) for v in rng.choice(4, rng.integers(1, 3), replace=False))
    output = Quant(float(x.scales[0]), x.zero_point) if rng.integers(3) == 0 else _quant(rng)
    options = {"axes": axes, "keep_dims": bool(rng.integers(2))}
    return Case(operator, (x,), output, options, _values(rng, x))


def _binary(operator: str, rng: Rng) -> Case:
    shape = _ints(rng, 1, 4, 4)
    a, b = _input(rng, shape), _input(rng, shape)
    if rng.integers(3) == 0:
        repeat = rng.random(4) < 0.5
        b = _input(rng, [1 if r else n for n, r in zip(shape, repeat, strict=True)])
    reach = float(
        a.scales[0] + b.scales[0] if operator == "ADD" else 90 * a.scales[0] * b.scales[0]
    )
    output = Quant(float(np.float32(reach * rng.uniform(0.4, 1.5))), _zero(rng))
    options = {"activation": str(rng.choice(ACTIVATIONS))}
    return Case(operator, (a, b), output, options, _values(rng, a, b))


def _pad(operator: str, rng: Rng) -> Case:
    x = _input(rng, _ints(rng, 1, 3, 4))
    options = {"paddings": [_ints(rng, 0, 2, 2) for _ in range(4)]}
    return Case(operator, (x,), None, options, _values(rng, x))


def _concatenation(operator: str, rng: Rng) -> Case:
    shape, axis, quant = _ints(rng, 1, 3, 4), int(rng.integers(4)), _quant(rng)
    xs = []
    for _ in range(int(rng.integers(2, 4))):
        shape[axis] = int(rng.integers(1, 4))
        xs.append(Tensor(tuple(shape), scale=quant.scale, zero_point=quant.zero_point))
    return Case(operator, tuple(xs), quant, {"axis": axis}, _values(rng, *xs))


def _softmax(operator: str, rng: Rng) -> Case:
    quant = Quant(_scale(rng, 1e-3, 1.0), _zero(rng))
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 20)))
    x = Tensor(shape, scale=quant.scale, zero_point=quant.zero_point)
    return Case(operator, (x,), None, {"beta": 1.0}, _values(rng, x))


def _unary(operator: str, rng: Rng) -> Case:
    x = _input(rng, [1, *_ints(rng, 1, 30, 1)])
    # tflite-micro's RELU6 only clamps: it is defined for equal quantization alone.
    same = Quant(float(x.scales[0]), x.zero_point)
    outputs = {"LOGISTIC": Quant(1 / 256, -128), "RELU6": same}
    return Case(operator, (x,), outputs.get(operator, _quant(rng)), {}, _values(rng, x))


def _quantize(operator: str, rng: Rng) -> Case:
    if rng.integers(2):
        return _unary(operator, rng)
    x, output = Tensor((1, 24), "float32"), _quant(rng)
    ties = rng.integers(-300, 300, 12).astype(np.float32) / 2 * np.float32(output.scale)
    noise = rng.normal(0, 60 * output.scale, 12).astype(np.float32)
    return Case(operator, (x,), output, {}, (np.concatenate([ties, noise]).reshape(1, 24),))


def _dequantize(operator: str, rng: Rng) -> Case:
    x = _input(rng, [1, *_ints(rng, 1, 30, 1)])
    return Case(operator, (x,), None, {}, _values(rng, x))


def _reshape(operator: str, rng: Rng) -> Case:
    a, b = _ints(rng, 1, 6, 2)
    x = _input(rng, [a, b, 2])
    return Case(operator, (x,), None, {"shape": [2 * b, a]}, _values(rng, x))


RANDOM: dict[str, Callable[[str, Rng], Case]] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _conv,
    "FULLY_CONNECTED": _fully_connected,
    "AVERAGE_POOL_2D": _pool,
    "MAX_POOL_2D": _pool,
    "MEAN": _mean,
    "ADD": _binary,
    "MUL": _binary,
    "PAD": _pad,
    "CONCATENATION": _concatenation,
    "SOFTMAX": _softmax,
    "LOGISTIC": _unary,
    "RELU": _unary,
    "RELU6": _unary,
    "QUANTIZE": _quantize,
    "DEQUANTIZE": _dequantize,
    "RESHAPE": _reshape,
}
